/** A Debian booted in a systemd-nspawn container: systemd as PID 1 at native speed, on this machine's kernel. */
import { basename, join } from "node:path";
import { boot, makeStateDir } from "./boot.ts";
import { cgroup2Mount } from "./cgroup2.ts";
import {
  crashingCorral,
  type ExtraFiles,
  flavourFiles,
  GUEST_PROGRAMS,
  writeGuestFiles,
} from "./guest_files.ts";
import { ensureImage, type Flavour, type Suite } from "./images.ts";
import { type Machine, machineName } from "./machine.ts";

const BOOT_SCRIPT = join(import.meta.dirname!, "nspawn_boot.sh");

export async function bootNspawn(
  suite: Suite,
  extra: ExtraFiles = {},
  flavour: Flavour = "plain",
): Promise<Machine> {
  const image = await ensureImage(suite, flavour);
  const stateDir = await makeStateDir();
  const files = { ...await crashingCorral(), ...flavourFiles(flavour), ...extra };
  await writeGuestFiles(join(stateDir, "files"), { channel: "/mnt/agent/socket", unit: "" }, files);
  return await boot({
    facts: {
      name: machineName("nspawn", suite, flavour),
      tier: "nspawn",
      suite,
      slowness: 1,
      ...GUEST_PROGRAMS,
    },
    stateDir,
    // From the root cgroup the container would share, and litter, this machine's own tree.
    cgroup: join(cgroup2Mount(), basename(stateDir)),
    command: ["unshare", "--mount", "--propagation=private", BOOT_SCRIPT, stateDir, image.root],
    hasSystemd: true,
  });
}
