/** The machines by name, as CORRAL_TEST_MACHINE and the tiers of `make test` have them. */
import { startHost } from "./host.ts";
import { SUITES } from "./images.ts";
import type { Machine } from "./machine.ts";
import { bootNspawn } from "./nspawn.ts";
import { bootVm } from "./vm.ts";

export const MACHINE_NAMES = [
  "host",
  ...SUITES.map((suite) => `nspawn-${suite}`),
  ...SUITES.map((suite) => `vm-${suite}`),
];

export async function bootMachine(name: string): Promise<Machine> {
  if (name === "host") return await startHost();
  for (const suite of SUITES) {
    if (name === `nspawn-${suite}`) return await bootNspawn(suite);
    if (name === `vm-${suite}`) return await bootVm(suite);
  }
  throw new Error(`No machine is called "${name}"; there are ${MACHINE_NAMES.join(", ")}`);
}
