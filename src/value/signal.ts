import { ValueError } from "../base/errors.ts";
import { nearest } from "../base/near.ts";

/** A signal that can be sent. */
export interface Signal {
  /** Without SIG, as kill(1) lists it: `TERM` or `RTMIN+3`. */
  readonly name: string;
  /** As the kernel counts. */
  readonly number: number;
}

/** Numbers 1 to 31 in order, as on x86, ARM, RISC-V and POWER (MIPS, SPARC and Alpha differ). */
export const SIGNAL_NAMES: readonly string[] =
  ("HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN " +
    "TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS").split(" ");
const ALIASES: ReadonlyMap<string, string> = new Map([["IOT", "ABRT"], ["CLD", "CHLD"], ["POLL", "IO"]]);
/**
 * As glibc and musl count: 32 and 33 (musl: 34 too) belong to the thread library, so they cannot be asked
 * for.
 */
const RTMIN = 34;
const RTMAX = 64;
const ACCEPTED = ["TERM", "SIGTERM", "15", "RTMIN+3", "RTMAX-1"];

/**
 * Reads a name with or without `SIG`, in any case as kill(1) does, or a number. 0 is refused: it sends
 * nothing.
 */
export function parseSignal(text: string): Signal {
  const number = /^\d{1,3}$/.test(text) ? Number(text) : numberOf(text);
  if (number === null || !isSendable(number)) throw refusal(text);
  return { name: signalName(number), number };
}

/** The name for a number, `TERM`; for one without a name the number itself. */
export function signalName(number: number): string {
  const name = SIGNAL_NAMES[number - 1];
  if (name !== undefined) return name;
  if (number === RTMIN) return "RTMIN";
  if (number === RTMAX) return "RTMAX";
  return number > RTMIN && number < RTMAX ? `RTMIN+${number - RTMIN}` : String(number);
}

function isSendable(number: number): boolean {
  return (number >= 1 && number <= SIGNAL_NAMES.length) || (number >= RTMIN && number <= RTMAX);
}

function numberOf(text: string): number | null {
  // Only ASCII is folded: "ſigterm".toUpperCase() would be SIGTERM.
  if (!/^[a-zA-Z0-9+-]{1,20}$/.test(text)) return null;
  const name = text.toUpperCase().replace(/^SIG/, "");
  const realTime = /^RT(?:MIN(?:\+(\d{1,2}))?|MAX(?:-(\d{1,2}))?)$/.exec(name);
  if (realTime !== null) {
    const number = name.startsWith("RTMIN")
      ? RTMIN + Number(realTime[1] ?? 0)
      : RTMAX - Number(realTime[2] ?? 0);
    return number >= RTMIN && number <= RTMAX ? number : null;
  }
  const index = SIGNAL_NAMES.indexOf(ALIASES.get(name) ?? name);
  return index < 0 ? null : index + 1;
}

function refusal(input: string): ValueError {
  const badCharacter = input.search(/[^a-zA-Z0-9+-]/);
  const near = nearest(input.replace(/^SIG/i, ""), SIGNAL_NAMES);
  const reason = near === null ? null : `did you mean ${near}?`;
  return new ValueError({
    kind: "signal",
    input,
    offset: Math.max(0, badCharacter),
    reason,
    accepted: ACCEPTED,
  });
}
