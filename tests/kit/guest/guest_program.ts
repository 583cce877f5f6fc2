/** Python programs that run inside a machine: what needs ptys, signals or exact moments. */
import { basename, join } from "node:path";
import { PROJECT_DIR } from "../machine/project.ts";
import type { ExecOptions, Machine } from "../machine/machine.ts";

const GUEST_DIR = "/tmp/corral-test-programs";
/** What every program may import. */
const LIBRARY = ["kit/guest/job_state.py", "kit/guest/bystanders.py"];
/** Put once for each machine: one that runs must not find half of its text replaced. */
const placed = new WeakMap<Machine, Map<string, Promise<void>>>();

/**
 * Runs the program `name`, a path below tests/, with `input` as JSON on its standard input; gives the JSON that it prints. It throws what goes wrong in it. `wrap` goes
 * before its command line.
 */
export async function runGuestProgram<Output>(
  machine: Machine,
  name: string,
  input: unknown,
  { wrap = [], ...options }: ExecOptions & { wrap?: readonly string[] } = {},
): Promise<Output> {
  await Promise.all([...LIBRARY, name].map((file) => place(machine, file)));
  const stdin = JSON.stringify(input);
  const result = await machine.exec([...wrap, "python3", join(GUEST_DIR, basename(name))], {
    stdin,
    ...options,
  });
  if (result.code === 0) return JSON.parse(result.stdout);
  throw new Error(`${name} failed: exit code ${result.code}\n${result.stdout}${result.stderr}`);
}

function place(machine: Machine, file: string): Promise<void> {
  const files = placed.get(machine) ?? new Map<string, Promise<void>>();
  placed.set(machine, files);
  const text = () => Deno.readTextFile(join(PROJECT_DIR, "tests", file));
  const placing = files.get(file) ??
    text().then((source) => machine.putFile(join(GUEST_DIR, basename(file)), source));
  files.set(file, placing);
  return placing;
}

/** What is left of jobs anywhere on the machine: processes, cgroups, units; none is what must be. */
export function leftOf(machine: Machine, ids: readonly string[]): Promise<string[]> {
  return runGuestProgram(machine, "kit/guest/left_of.py", ids);
}
