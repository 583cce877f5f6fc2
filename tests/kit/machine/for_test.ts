/**
 * For test files: the machine that CORRAL_TEST_MACHINE names, booted once per process, and tests on it.
 * `make test` runs each file on every machine; one by hand: CORRAL_TEST_MACHINE=nspawn-bookworm deno test -A FILE
 */
import { bootMachine, MACHINE_NAMES } from "./catalogue.ts";
import type { Machine } from "./machine.ts";

const ONCE_ON = "nspawn-bookworm";

let booting: Promise<Machine> | undefined;

/** Await it at the top of a test file, so that its controllers are known when the tests are registered. */
export function machineUnderTest(): Promise<Machine> {
  return booting ??= bootNamedMachine();
}

async function bootNamedMachine(): Promise<Machine> {
  const name = Deno.env.get("CORRAL_TEST_MACHINE");
  if (name === undefined) {
    throw new Error(`Set CORRAL_TEST_MACHINE to one of ${MACHINE_NAMES.join(", ")}, or run: make test`);
  }
  const machine = await bootMachine(name);
  Deno.test.afterAll(() => machine.stop());
  return machine;
}

export interface MachineTestOptions {
  /** cgroup2 controllers without which the test means nothing: it is then counted as skipped. */
  needs?: readonly string[];
  /** Any other reason to skip it here, in words where the test's own do not say it. */
  skip?: boolean | string;
}

/** Skips on an emulated machine what it shows no better than a native one of the same release, only ten times slower. */
export function nativeOnly(machine: Machine): MachineTestOptions {
  return machine.slowness === 1
    ? {}
    : { skip: `too slow on ${machine.name}, nspawn-${machine.suite} shows it` };
}

/** Skips on all machines but one what depends neither on systemd's version nor on the kernel's, and takes many seconds. */
export function onceOnly(machine: Machine): MachineTestOptions {
  return machine.name === ONCE_ON ? {} : { skip: `the same on ${machine.name}, ${ONCE_ON} shows it` };
}

type Body = (machine: Machine) => Promise<void>;

/** Registers a test. Deno's sanitizers are off: the connection to the machine outlives every single test. */
export function machineTest(
  machine: Machine,
  name: string,
  body: Body,
  options: MachineTestOptions = {},
): void {
  const missing = (options.needs ?? []).filter((controller) => !machine.controllers.has(controller));
  const because = missing.length > 0
    ? `no ${missing.join(", ")} controller on ${machine.name}`
    : typeof options.skip === "string"
    ? options.skip
    : null;
  Deno.test({
    name: because === null ? name : `${name} (${because})`,
    ignore: because !== null || options.skip === true,
    sanitizeOps: false,
    sanitizeResources: false,
    fn: () => body(machine),
  });
}
