/** A directory on a real NFS server in the machine itself: the kernel's own over loopback, where the image has the modules and the tools. */
import type { MachineTestOptions } from "../../kit/machine/for_test.ts";
import type { Machine } from "../../kit/machine/machine.ts";
import { type Caller, until } from "../machine/caller.ts";
import type { FileSystem } from "./hung.ts";
import * as stage from "./stage.ts";

const EXPORTED = "/srv/hostile";

/** Root's own files are root's there only for root's own tests, as on a server that trusts this node. */
const SERVE = `set -e
  modprobe nfsd; modprobe nfsv4
  mkdir -p ${EXPORTED} /var/lib/nfs/v4recovery /run/rpc_pipefs
  mountpoint -q ${EXPORTED} || mount -t tmpfs -o mode=0755 none ${EXPORTED}
  mountpoint -q /proc/fs/nfsd || mount -t nfsd nfsd /proc/fs/nfsd
  exportfs -i -o rw,$SQUASH,fsid=1,no_subtree_check,insecure 127.0.0.1:${EXPORTED}
  pgrep -x rpc.mountd >/dev/null || rpc.mountd --no-nfs-version 3
  test "$(cat /proc/fs/nfsd/threads)" != 0 || { echo 10 >/proc/fs/nfsd/nfsv4leasetime; echo 10 >/proc/fs/nfsd/nfsv4gracetime; rpc.nfsd --no-nfs-version 3 --no-udp 4; }`;

/** Takes the loopback interface down, or up again: packets go nowhere, as with a cable that was pulled. */
const SET_LOOPBACK = `import fcntl, socket, struct, sys
interface = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
flags = struct.unpack("16sh", fcntl.ioctl(interface, 0x8913, struct.pack("16sh", b"lo", 0)))[1]
fcntl.ioctl(interface, 0x8914, struct.pack("16sh", b"lo", flags | 1 if sys.argv[1] == "up" else flags & ~1))`;

/** For machines on which there is no such server: why. */
export async function needsNfs(machine: Machine): Promise<MachineTestOptions> {
  if (machine.tier !== "vm") {
    return { skip: "a container has no kernel of its own to serve files, the VM shows it" };
  }
  const { code } = await machine.sh(
    "modprobe -n nfsd && modprobe -n nfsv4 && command -v rpc.nfsd rpc.mountd exportfs mount.nfs4",
  );
  return code === 0 ? {} : { skip: `the image of ${machine.name} has no NFS server` };
}

/** Mounts with further options, "hard" or "soft,timeo=50,retrans=1". */
export function mountNfs(options: string): (caller: Caller) => Promise<NfsDirectory> {
  return (caller) => NfsDirectory.mount(caller, options);
}

/** Mounted on `dir`. */
export class NfsDirectory implements FileSystem {
  readonly dir: string;
  readonly #machine: Machine;

  private constructor(machine: Machine, dir: string) {
    this.#machine = machine;
    this.dir = dir;
  }

  static async mount(caller: Caller, options: string): Promise<NfsDirectory> {
    const { machine, user } = caller;
    const [dir, name] = [
      stage.ownPath(caller, "mount"),
      stage.ownPath(caller, "exported").replaceAll("/", "_"),
    ];
    const squash = user === "root" ? "no_root_squash" : "root_squash";
    await stage.asRoot(machine, SERVE.replace("$SQUASH", squash));
    await stage.asRoot(
      machine,
      `install -d -o ${user} -m 700 ${EXPORTED}/${name}; mkdir -p ${dir}
      mount -t nfs4 -o vers=4.2,${options} 127.0.0.1:${EXPORTED}/${name} ${dir}`,
    );
    await until(caller, "it is mounted", `grep -q ' ${dir} nfs4 ' /proc/self/mounts`);
    return new NfsDirectory(machine, dir);
  }

  async hang(): Promise<void> {
    await this.#setLoopback("down");
  }

  async release(): Promise<void> {
    await this.#setLoopback("up");
  }

  /** The server forgets its clients, as at a restart, and comes back after so many seconds. */
  async restart(afterS: number): Promise<void> {
    await stage.asRoot(this.#machine, `rpc.nfsd 0; sleep ${afterS}; rpc.nfsd --no-nfs-version 3 --no-udp 4`);
  }

  async end(): Promise<void> {
    await this.#machine.exec(["umount", "--force", "--lazy", this.dir]);
  }

  async #setLoopback(word: "up" | "down"): Promise<void> {
    await this.#machine.exec(["python3", "-c", SET_LOOPBACK, word]);
  }
}
