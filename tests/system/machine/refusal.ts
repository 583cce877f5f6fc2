/** Command lines that corral must refuse, run on a test machine, and what is wrong with how it does. */
import assert from "node:assert/strict";
import { machineTest } from "../../kit/machine/for_test.ts";
import type { ExecResult, Machine } from "../../kit/machine/machine.ts";
import { runGuestProgram } from "../../kit/guest/guest_program.ts";

type Result = Pick<ExecResult, "code" | "stdout" | "stderr">;

/** What is refused, and how. */
export interface Bad {
  argv: string[];
  code: number;
  /** What the line says after `corral: `. */
  says: RegExp;
  /** Column of the caret, or none. */
  caret?: number;
  /** See run_each.py. */
  hide?: string;
  user?: string;
}

/** What came of each. */
export async function runEach(machine: Machine, cases: readonly Bad[]): Promise<Result[]> {
  const commands = cases.map(({ argv, hide, user }) => ({ argv: [machine.corral, ...argv], hide, user }));
  return await runGuestProgram<Result[]>(machine, "system/machine/run_each.py", commands, {
    timeoutMs: 120_000,
  });
}

/** What is wrong with how corral said what was wrong; nothing is what must be. */
function complaintsAbout({ code, says, caret }: Bad, result: Result): string[] {
  const [line = "", ...rest] = result.stderr.trimEnd().split("\n");
  const shown = JSON.stringify(result.stderr.slice(0, 600));
  return [
    ...(result.code === code ? [] : [`exit code ${result.code} instead of ${code}: ${shown}`]),
    ...(result.stdout === "" ? [] : [`on stdout: ${JSON.stringify(result.stdout)}`]),
    ...(line.startsWith("corral: ") && says.test(line.slice("corral: ".length))
      ? []
      : [`not ${says}: ${shown}`]),
    ...(rest.length === (caret === undefined ? 0 : 2) ? [] : [`${rest.length} more lines: ${shown}`]),
    ...(caret === undefined || rest[1] === `${" ".repeat(caret + 2)}^` ? [] : [`caret: ${shown}`]),
    // deno-lint-ignore no-control-regex
    ...(/at file:|Uncaught|unexpected:|[\x00-\x09\x0b-\x1f\x7f]/.test(result.stderr)
      ? [`raw: ${shown}`]
      : []),
  ];
}

/** Registers one test; none of it depends on what an emulator adds. */
export function refusalTest(machine: Machine, name: string, cases: readonly Bad[]): void {
  machineTest(machine, name, async () => {
    const results = await runEach(machine, cases);
    const complaints = cases.map((one, index) =>
      [
        [...one.argv, one.hide ?? ""].join(" ").slice(0, 100),
        complaintsAbout(one, results[index]!),
      ] as const
    );
    assert.deepEqual(Object.fromEntries(complaints.filter(([, found]) => found.length > 0)), {});
  }, { skip: machine.tier === "vm" });
}
