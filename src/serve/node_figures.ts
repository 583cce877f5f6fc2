/** The node's own memory, CPU time and pressure. What cannot be read is unknown. */
import { readKernelText } from "../base/kernel_file.ts";
import { VERSION } from "../base/version.ts";
import { MS_PER_TICK } from "../linux/clock.ts";
import { kernelRelease, onlineCpus } from "../linux/node_facts.ts";
import type { Node } from "../observe/node.ts";
import { pressurePercent, readRoom } from "../observe/room.ts";
import type { Readouts } from "./feed.ts";

/** One look at the node. */
export interface NodeFigures {
  memoryTotalBytes: number;
  memoryAvailableBytes: number | null;
  cores: number;
  cpuCores: number | null;
  pressure: Readouts["pressure"];
}

/** Keeps the CPU time of the look before. */
export class NodeLooks {
  #busy: { bootMs: number; ticks: number } | null = null;

  constructor(readonly node: Pick<Node, "procs" | "clock">) {}

  /** CPU use is that since the last look. */
  read(): NodeFigures {
    const { root } = this.node.procs;
    const room = readRoom(this.node.procs);
    const pressure = (resource: "cpu" | "io") => pressurePercent(this.node.procs, resource);
    return {
      memoryTotalBytes: room.memoryTotalBytes ?? 0,
      memoryAvailableBytes: room.memoryAvailableBytes,
      cores: onlineCpus(root) ?? 0,
      cpuCores: this.#cpuCores(textOf(`${root}/stat`)),
      pressure: { cpu: pressure("cpu"), memory: room.memoryPressurePercent, io: pressure("io") },
    };
  }

  #cpuCores(stat: string): number | null {
    const ticks = busyTicks(stat);
    const bootMs = this.node.clock.bootMs();
    const before = this.#busy;
    this.#busy = ticks === null ? null : { bootMs, ticks };
    if (ticks === null || before === null || bootMs <= before.bootMs) return null;
    return Math.max(
      0,
      Math.round((ticks - before.ticks) * MS_PER_TICK / (bootMs - before.bootMs) * 100) / 100,
    );
  }
}

/** user, nice, system, irq, softirq and steal of all CPUs (proc_stat(5)), without idle and iowait; guests are in user. */
export function busyTicks(stat: string): number | null {
  const fields = /^cpu +([\d ]+)$/m.exec(stat)?.[1]?.split(" ").map(Number);
  if (fields === undefined) return null;
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = fields;
  return user + nice + system + irq + softirq + steal;
}

function textOf(path: string): string {
  try {
    return readKernelText(path);
  } catch {
    return "";
  }
}

/** `corral 0.2.0, Linux 6.12, systemd 257`. */
export async function versionsOf({ procs, run }: Pick<Node, "procs" | "run">): Promise<string> {
  const release = kernelRelease(procs.root);
  const systemd = await run(["systemctl", "--version"]).catch(() => null);
  const [, version] = /^systemd (\d+)/.exec(systemd?.stdout ?? "") ?? [];
  return [
    `corral ${VERSION}`,
    ...release === null ? [] : [`Linux ${release}`],
    ...version === undefined ? [] : [`systemd ${version}`],
  ]
    .join(", ");
}
