/** A copy of the working tree in which one edit after the other is tried. The working tree itself is never touched. */
import { join } from "node:path";
import { PROJECT_DIR } from "../kit/machine/project.ts";
import { WITHOUT_IGNORED_SIGNALS } from "../kit/tiers/run_tier.ts";
import type { Mutant } from "./mutant.ts";

/** What the tests read of the tree. `dist` and `.toolchain` are links: nothing is built. */
const COPIED = ["src", "tests", "deno.json", "deno.lock", "README.md"];
const LINKED = ["dist", ".toolchain"];

/** What came of one run of tests. `broken`: the edited file is no module any more, which proves nothing. */
export type Verdict = "passed" | "failed" | "hung" | "broken";

export class Tree {
  private constructor(readonly path: string) {}

  /** @param path where it is made, in the place of what is there */
  static async copyTo(path: string): Promise<Tree> {
    await Deno.remove(path, { recursive: true }).catch(() => {});
    await Deno.mkdir(path, { recursive: true });
    const from = COPIED.map((name) => join(PROJECT_DIR, name));
    const copied = await new Deno.Command("cp", { args: ["-R", ...from, path] }).output();
    if (!copied.success) throw new Error(`Cannot copy the tree to ${path}`);
    for (const name of LINKED) await Deno.symlink(join(PROJECT_DIR, name), join(path, name));
    return new Tree(path);
  }

  /** Runs the mutant's tests on the edited tree, and takes the edit back. */
  async try({ file, from, to, tests }: Mutant, timeoutMs: number): Promise<Verdict> {
    const path = join(this.path, file);
    const original = await Deno.readTextFile(path);
    const [before, after] = original.split(from) as [string, string];
    await Deno.writeTextFile(path, before + to + after);
    try {
      return (await this.test(tests, timeoutMs)).verdict;
    } finally {
      await Deno.writeTextFile(path, original);
    }
  }

  /** Test files and folders below tests/unit, up to the first that fails. A hang is ended with all that was started. */
  async test(tests: readonly string[], timeoutMs: number): Promise<{ verdict: Verdict; output: string }> {
    const paths = tests.map((test) => `tests/unit/${test}`);
    const deno = [Deno.execPath(), "test", "--allow-all", "--no-check", "--fail-fast", ...paths];
    const child = new Deno.Command("setsid", {
      args: ["--", "env", ...WITHOUT_IGNORED_SIGNALS, ...deno],
      cwd: this.path,
      env: { NO_COLOR: "1", RUST_BACKTRACE: "0" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    let hung = false;
    const timer = setTimeout(() => {
      hung = true;
      // setsid(1) has made it the leader of a group of its own.
      Deno.kill(-child.pid, "SIGKILL");
    }, timeoutMs);
    const { success, stdout, stderr } = await child.output();
    clearTimeout(timer);
    const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    return { verdict: hung ? "hung" : success ? "passed" : isBroken(output) ? "broken" : "failed", output };
  }

  async remove(): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

function isBroken(output: string): boolean {
  return /could not be parsed|SyntaxError: .*\n\s+at .*src\/|\(uncaught error\)[^]*(SyntaxError|ReferenceError)/
    .test(output);
}
