/** What a package of a distribution brings, and what an installation beside it has no need to write. */
import { join } from "node:path";
import { isMissing } from "../../base/missing.ts";
import { ROOT_STATE_DIR } from "../../store/private_dir.ts";
import { DEFAULT_EVERY_MS } from "./every.ts";
import { SERVICE, TIMER } from "./places.ts";
import type { Packaged, PlannedFile } from "./plan.ts";
import { withoutMarks } from "./record.ts";
import { serviceUnit, timerUnit } from "./units.ts";
import { sweepCommand } from "./wanted.ts";

/** Where it has its files. Never below /etc and /usr/local, which are the admin's. */
export const PACKAGE = {
  binary: "/usr/bin/corral",
  unitDir: "/usr/lib/systemd/system",
  shareDir: "/usr/share",
} as const;

/** The units in it: those of `corral install` by root without options. */
export function packagedUnits(): PlannedFile[] {
  const units = {
    argv: sweepCommand({ binary: PACKAGE.binary, stateDir: null, config: null }),
    everyMs: DEFAULT_EVERY_MS,
    forSystem: true,
    stateDir: ROOT_STATE_DIR,
    record: { shareDir: PACKAGE.shareDir, directories: [] },
  };
  return [
    { path: `${PACKAGE.unitDir}/${SERVICE}`, text: withoutMarks(serviceUnit(units)) },
    { path: `${PACKAGE.unitDir}/${TIMER}`, text: withoutMarks(timerUnit(units)) },
  ];
}

/** Null when the binary is not a package's, or for a user, whose manager does not read the units of the system. */
export function readPackaged(
  { uid, etc, binary }: { uid: number; etc: string; binary: string },
): Packaged | null {
  const onNode = (path: string) => join(etc, "..", path);
  const unit = (name: string) => onNode(`${PACKAGE.unitDir}/${name}`);
  const isPackages = uid === 0 && !isMissing(onNode(PACKAGE.binary)) &&
    Deno.realPathSync(onNode(PACKAGE.binary)) === binary && !isMissing(unit(SERVICE)) &&
    !isMissing(unit(TIMER));
  if (!isPackages) return null;
  return new Map([SERVICE, TIMER].map((name) => [name, Deno.readTextFileSync(unit(name))]));
}
