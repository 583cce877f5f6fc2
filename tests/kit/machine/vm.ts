/** A Debian in a virtual machine: its own kernel with all cgroup2 controllers, emulated, so about ten times slower. */
import { join } from "node:path";
import { agentSocket, boot, makeStateDir } from "./boot.ts";
import { runCommand } from "./command.ts";
import { type ExtraFiles, flavourFiles, GUEST_PROGRAMS, writeGuestFiles } from "./guest_files.ts";
import { ensureImage, type Flavour, type Image, type Suite } from "./images.ts";
import { type Machine, machineName } from "./machine.ts";

/** /dev/kvm may exist and still hang the guest, so it is used on request only; the boot is bounded either way. */
const USE_KVM = Deno.env.get("CORRAL_TEST_KVM") === "1";
const MEMORY = "5G";
const PACK_TIMEOUT_MS = 60_000;

export async function bootVm(
  suite: Suite,
  extra: ExtraFiles = {},
  flavour: Flavour = "plain",
): Promise<Machine> {
  const image = await ensureImage(suite, flavour);
  const stateDir = await makeStateDir();
  const device = "dev-virtio\\x2dports-corral.device";
  const agent = { channel: "/dev/virtio-ports/corral", unit: `BindsTo=${device}\nAfter=${device}\n` };
  const init = { "/corral-test-init": join(import.meta.dirname!, "vm_init.sh") };
  await writeGuestFiles(join(stateDir, "files"), agent, { ...init, ...flavourFiles(flavour), ...extra });
  await packInitrd(image, stateDir);
  return await boot({
    facts: {
      name: machineName("vm", suite, flavour),
      tier: "vm",
      suite,
      slowness: USE_KVM ? 2 : 10,
      ...GUEST_PROGRAMS,
    },
    stateDir,
    cgroup: null,
    command: qemuCommand(image, stateDir),
    hasSystemd: true,
  });
}

/** The kernel unpacks archives that follow one another into the same tree, the later file wins. */
async function packInitrd(image: Image, stateDir: string): Promise<void> {
  const script = 'cp "$1" "$2" && cd files && find . -print0 | ' +
    'cpio --quiet --null --create --format=newc --owner=+0:+0 >>"$2"';
  await runCommand(["sh", "-c", script, "sh", image.initrd, join(stateDir, "initrd")], {
    timeoutMs: PACK_TIMEOUT_MS,
    cwd: stateDir,
  });
}

/** The plainest processor there is: what a "max" one has besides is emulated too, and starts programs a fifth slower. */
function qemuCommand(image: Image, stateDir: string): string[] {
  const accelerator = USE_KVM
    ? ["-accel", "kvm", "-cpu", "host"]
    : ["-accel", "tcg,thread=multi", "-cpu", "qemu64"];
  const channel = `socket,id=agent,path=${agentSocket(stateDir)},server=on,wait=off`;
  return [
    "qemu-system-x86_64",
    ...accelerator,
    ...["-smp", "2", "-m", MEMORY, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
    ...["-kernel", image.kernel, "-initrd", join(stateDir, "initrd")],
    ...["-append", "console=ttyS0 rdinit=/corral-test-init panic=-1 quiet mitigations=off"],
    ...["-serial", "stdio"],
    ...["-device", "virtio-serial-pci", "-chardev", channel],
    ...["-device", "virtserialport,chardev=agent,name=corral"],
  ];
}
