/** One tier as one `deno test` process, bounded, its output kept in .cache/logs. */
import { join } from "node:path";
import { CACHE_DIR, PROJECT_DIR } from "../machine/project.ts";
import type { Tier } from "./tier.ts";

export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
  readonly output: string;
}

/** From the SIGTERM at the time-out to the SIGKILL. The machine's keeper cleans up after either. */
const TERM_TIMEOUT_MS = 5_000;

/** For env(1) (coreutils 8.31): a background job of a script is started with SIGINT and SIGQUIT ignored, and so would be what the tests start. */
export const WITHOUT_IGNORED_SIGNALS = ["--default-signal"];

export async function runTier(tier: Tier): Promise<Outcome> {
  const startedMs = performance.now();
  const child = new Deno.Command("env", {
    args: [...WITHOUT_IGNORED_SIGNALS, Deno.execPath(), "test", "--allow-all", "--no-check", ...tier.args],
    cwd: PROJECT_DIR,
    env: { ...tier.env, NO_COLOR: "1", RUST_BACKTRACE: "0" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const timers: number[] = [];
  let isTimedOut = false;
  timers.push(setTimeout(() => {
    isTimedOut = true;
    child.kill("SIGTERM");
    timers.push(setTimeout(() => child.kill("SIGKILL"), TERM_TIMEOUT_MS));
  }, tier.timeoutMs));
  const { success, stdout, stderr } = await child.output();
  for (const timer of timers) clearTimeout(timer);
  const decoder = new TextDecoder();
  let output = decoder.decode(stdout) + decoder.decode(stderr);
  if (isTimedOut) output += `\nThe tier was ended after ${tier.timeoutMs / 1000} s\n`;
  await keepLog(tier, output);
  return { ...counts(output, success), seconds: (performance.now() - startedMs) / 1000, output };
}

async function keepLog(tier: Tier, output: string): Promise<void> {
  const directory = join(CACHE_DIR, "logs");
  await Deno.mkdir(directory, { recursive: true });
  await Deno.writeTextFile(join(directory, `${tier.name}.log`), output);
}

/** From deno test's last line, `ok | 12 passed (2 steps) | 0 failed | 3 ignored (2s)`. Without one, one failure. */
export function counts(output: string, success: boolean): Pick<Outcome, "passed" | "failed" | "skipped"> {
  const summary = output.match(/^(?:ok|FAILED) \| .*$/gm)?.at(-1) ?? "";
  const count = (word: string) => Number(new RegExp(`(\\d+) ${word}`).exec(summary)?.[1] ?? 0);
  const failed = count("failed");
  return {
    passed: count("passed"),
    failed: success ? failed : Math.max(failed, 1),
    skipped: count("ignored"),
  };
}
