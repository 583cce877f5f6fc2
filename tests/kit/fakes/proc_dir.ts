/** A temporary directory as /proc. Signals through it would reach real processes: give it pids that cannot exist. */
import { Procs } from "../../../src/linux/proc.ts";
import { BOOT_ID } from "./job.ts";
import { TempDir } from "./temp.ts";

/** Above PID_MAX_LIMIT of the kernel (4194304): kill(2) never finds one. */
export const NO_PID = 5_000_000;

export interface FakeProcess {
  name?: string;
  state?: string;
  ppid?: number;
  session?: number;
  startTicks?: number;
  threads?: number;
  residentPages?: number;
  uid?: number;
  /** Field 9 of stat: PF_KTHREAD is 0x200000, PF_EXITING 4. */
  flags?: number;
  cgroup?: string;
  command?: readonly string[];
  environ?: readonly string[];
  wchan?: string;
}

/** A line of /proc/PID/stat as Linux 6.12 writes it (52 fields). */
export function statLine(pid: number, process: FakeProcess = {}): string {
  const { name = "sleep", state = "S", ppid = 1, session = pid, startTicks = 900_100 } = process;
  const { flags = 4_194_304, threads = 1, residentPages = 451 } = process;
  return `${pid} (${name}) ${state} ${ppid} ${pid} ${session} 0 -1 ${flags} 123 0 0 0 7 5 0 0 20 0 ${threads} 0 ` +
    `${startTicks} 5726208 ${residentPages} 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n`;
}

export class ProcDir implements Disposable {
  readonly #temp = new TempDir();
  readonly procs: Procs;

  constructor() {
    this.procs = new Procs(this.#temp.path);
    this.write("uptime", "9001.25 17000.00\n");
    this.write("sys/kernel/random/boot_id", `${BOOT_ID}\n`);
    // As under nohup, with SIGINT and SIGTERM too.
    this.write("self/status", "Name:\tcorral\nSigIgn:\t0000000000004003\n");
    this.write(
      "self/limits",
      "Max open files            1024                 1048576              files     \n",
    );
    this.write("meminfo", "MemTotal:       16384000 kB\nMemFree:         1000 kB\n");
  }

  get root(): string {
    return this.#temp.path;
  }

  write(name: string, text: string): void {
    this.#temp.write(name, text);
  }

  add(pid: number, process: FakeProcess = {}): void {
    const { cgroup = "/", command = [], environ = [], wchan = "0", uid = 1000 } = process;
    this.write(`${pid}/stat`, statLine(pid, process));
    this.write(`${pid}/cgroup`, `1:name=systemd:/\n0::${cgroup}\n`);
    this.write(`${pid}/cmdline`, command.map((word) => `${word}\0`).join(""));
    if (environ.length > 0) {
      this.write(`${pid}/environ`, environ.map((variable) => `${variable}\0`).join(""));
    }
    this.write(`${pid}/wchan`, wchan);
    this.write(
      `${pid}/status`,
      `Name:\tx\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\nSigIgn:\t0000000000000000\n`,
    );
  }

  remove(pid: number): void {
    Deno.removeSync(`${this.root}/${pid}`, { recursive: true });
  }

  [Symbol.dispose](): void {
    this.#temp[Symbol.dispose]();
  }
}
