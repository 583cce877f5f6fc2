/** Regular expressions that come from a command line. */
import { UsageError } from "../base/errors.ts";
import { quoted } from "../base/text.ts";

/**
 * A regular expression as JavaScript has them. Case matters, and `.` finds a newline too: a shell's script is one command line.
 * Throws UsageError with the engine's own words.
 */
export function parsePattern(source: string, text: string): RegExp {
  try {
    return new RegExp(text, "s");
  } catch (error) {
    throw new UsageError(`${source}: ${(error as Error).message}`);
  }
}

/**
 * The same, but refuses a pattern that matches an empty text: it would find every process of the node, and most likely comes from a
 * variable that was not set.
 */
export function parseSelectivePattern(source: string, text: string): RegExp {
  const pattern = parsePattern(source, text);
  if (pattern.test("")) {
    throw new UsageError(`${source}: ${quoted(text)} matches every command line there is`, {
      remedy: "if all are meant: '^.' and --yes",
    });
  }
  return pattern;
}

/** Command lines of programs that have nothing in common but that every node has some of them. */
const UNLIKE = [
  "/sbin/init",
  "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups",
  "/usr/sbin/cron -f",
  "/usr/bin/dbus-daemon --system --nofork",
  "/usr/lib/systemd/systemd-journald",
  "/sbin/agetty -o -p -- \\u --noclear tty1 linux",
  "-bash",
  "python3 /srv/worker.py --queue 7",
];
/** More of them than this, and nothing in particular is meant. */
const FEW = 2;

/** True for a pattern that finds nearly every process of a node: `.`, `[a-z]`, `a|.|b`. */
export function isSweeping(pattern: RegExp): boolean {
  return UNLIKE.filter((line) => pattern.test(line)).length > FEW;
}
