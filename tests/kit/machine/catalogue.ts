/** The machines by name, as CORRAL_TEST_MACHINE and the tiers of `make test` have them. */
import { startHost } from "./host.ts";
import { FLAVOURS, SUITES } from "./images.ts";
import { type Machine, machineName } from "./machine.ts";
import { bootNspawn } from "./nspawn.ts";
import { bootVm } from "./vm.ts";

const IMAGES = FLAVOURS.flatMap((flavour) => SUITES.map((suite) => ({ flavour, suite })));
const MACHINES: readonly (readonly [name: string, boot: () => Promise<Machine>])[] = [
  ["host", startHost],
  ...IMAGES.flatMap(({ flavour, suite }) =>
    [
      [machineName("nspawn", suite, flavour), () => bootNspawn(suite, {}, flavour)],
      [machineName("vm", suite, flavour), () => bootVm(suite, {}, flavour)],
    ] as const
  ),
];

export const MACHINE_NAMES = MACHINES.map(([name]) => name);

export async function bootMachine(name: string): Promise<Machine> {
  const boot = MACHINES.find(([known]) => known === name)?.[1];
  if (boot === undefined) {
    throw new Error(`No machine is called "${name}"; there are ${MACHINE_NAMES.join(", ")}`);
  }
  return await boot();
}
