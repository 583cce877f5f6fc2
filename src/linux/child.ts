/** Collects a child of this process that spawn.ts has started (waitpid(2)). */
import { type Exit, NO_EXIT } from "../job/job.ts";
import { bytesOf, moreOfLibc } from "./libc.ts";

const SYMBOLS = { waitpid: { parameters: ["i32", "buffer", "i32"], result: "i32" } } as const;
const WNOHANG = 1;
/** SIGCHLD comes at once. The timer is there so that this process waits for its child: a listener alone does not always keep it alive. */
const LOOK_MS = 60_000;

/** A child until it is collected. */
export interface Child {
  /** How it left; unknown when another hand has collected it. */
  readonly exit: Promise<Exit>;
  /** No longer waits for it. */
  forget(): void;
}

/** Collects the child as soon as it exits: it would otherwise stay a zombie for as long as this process lives. */
export function collect(pid: number): Child {
  const { promise, resolve } = Promise.withResolvers<Exit>();
  const timer = setInterval(look, LOOK_MS);
  const forget = () => {
    clearInterval(timer);
    Deno.removeSignalListener("SIGCHLD", look);
  };
  function look(): void {
    const exit = exitOf(pid);
    if (exit === null) return;
    forget();
    resolve(exit);
  }
  Deno.addSignalListener("SIGCHLD", look);
  look();
  return {
    exit: promise,
    // One that has just exited is collected all the same.
    forget: () => {
      look();
      forget();
    },
  };
}

/** Null while it lives. */
function exitOf(pid: number): Exit | null {
  const status = new Int32Array(1);
  const collected = moreOfLibc(SYMBOLS).waitpid(pid, bytesOf(status), WNOHANG);
  if (collected === 0) return null;
  return collected === pid ? exitOfStatus(status[0]!) : NO_EXIT;
}

/** The macros of waitpid(2), as on Linux. Pure. */
export function exitOfStatus(status: number): Exit {
  const signal = status & 0x7f;
  return signal === 0 ? { code: status >> 8 & 0xff, signal: null } : { code: null, signal };
}
