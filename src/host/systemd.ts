/**
 * The few calls corral makes to systemd (org.freedesktop.systemd1(5)), through busctl(1) and systemctl(1): the system manager
 * for root, the user manager for everybody else. Measured with systemd 252 and 257.
 */
import type { Limits } from "../job/job.ts";
import type { CommandResult } from "./command.ts";

/** Runs a tool; `runCommand`, or a fake. */
export type RunCommand = (argv: readonly string[], env?: Record<string, string>) => Promise<CommandResult>;

/** One property of a unit as busctl takes it: name, D-Bus signature, value words. */
export type UnitProperty = readonly [name: string, signature: string, ...words: string[]];

/** What is needed to make a job's two units. */
export interface JobUnits {
  id: string;
  /** The process that goes into the scope. */
  pid: number;
  description: string;
  limits: Limits;
  graceMs: number;
  /** RuntimeMaxSec of the scope: systemd ends the job then, should no corral process be left to do it. */
  backstopMs: number | null;
}

/** Messages of a bus or a manager that is overrun for the moment (48 parallel starts do it), not of a real refusal. */
const OVERRUN =
  /Resource temporarily unavailable|Connection refused|Connection reset|Connection timed out|Broken pipe|Limits? exceeded|Transport endpoint is not connected|maximum number of/i;
const TRIES = 12;
const FIRST_PAUSE_MS = 20;

export class Systemd {
  /** @param runtimeDir of the user manager, such as /run/user/1000; null for the system manager */
  constructor(readonly run: RunCommand, readonly runtimeDir: string | null) {}

  /**
   * One StartTransientUnit call makes both units: the scope with the process in it, and (as auxiliary unit) the slice with
   * the limits and the accounting. Asynchronous: the process may reach the scope's cgroup a little later.
   */
  async startJob(units: JobUnits): Promise<CommandResult> {
    const scope = scopeProperties(units);
    const slice = sliceProperties(units);
    return await this.#retried([
      "busctl",
      ...this.#userFlag(),
      "call",
      "org.freedesktop.systemd1",
      "/org/freedesktop/systemd1",
      "org.freedesktop.systemd1.Manager",
      "StartTransientUnit",
      "ssa(sv)a(sa(sv))",
      `corral-${units.id}.scope`,
      "fail",
      String(scope.length),
      ...scope.flat(),
      "1",
      sliceName(units.id),
      String(slice.length),
      ...slice.flat(),
    ]);
  }

  /** Stops the slice and so removes its cgroup; fine when it is not there. */
  async stopSlice(id: string): Promise<CommandResult> {
    return await this.#retried(["systemctl", ...this.#userFlag(), "--quiet", "stop", sliceName(id)]);
  }

  /** Changes limits of a live job's slice, until it ends. */
  async setLimits(id: string, limits: Limits): Promise<CommandResult> {
    const settings = limitSettings(limits).map(([name, value]) => `${name}=${value}`);
    return await this.#retried([
      "systemctl",
      ...this.#userFlag(),
      "set-property",
      "--runtime",
      sliceName(id),
      ...settings,
    ]);
  }

  /** Re-reads unit files; the only way to change RuntimeMaxSec of a live scope (D-Bus refuses it on 252 and on 257). */
  async reload(): Promise<CommandResult> {
    return await this.#retried(["systemctl", ...this.#userFlag(), "daemon-reload"]);
  }

  /** Names of loaded units that match a pattern; empty when systemd does not answer. */
  async unitNames(pattern: string): Promise<string[]> {
    const result = await this.#retried([
      "systemctl",
      ...this.#userFlag(),
      "list-units",
      "--all",
      "--plain",
      "--no-legend",
      "--full",
      pattern,
    ]);
    return result.stdout.split("\n").map((line) => line.trim().split(/\s+/)[0] ?? "").filter((name) =>
      name !== ""
    );
  }

  /** Where drop-ins that last until the next boot go. */
  dropInDirectory(unit: string): string {
    return this.runtimeDir === null
      ? `/run/systemd/system/${unit}.d`
      : `${this.runtimeDir}/systemd/user/${unit}.d`;
  }

  /** The arguments that make systemd-run(1) talk to this manager, and the environment for it. */
  userFlag(): string[] {
    return this.#userFlag();
  }

  env(): Record<string, string> {
    if (this.runtimeDir === null) return {};
    return { XDG_RUNTIME_DIR: this.runtimeDir, DBUS_SESSION_BUS_ADDRESS: `unix:path=${this.runtimeDir}/bus` };
  }

  #userFlag(): string[] {
    return this.runtimeDir === null ? [] : ["--user"];
  }

  async #retried(argv: readonly string[]): Promise<CommandResult> {
    let pauseMs = FIRST_PAUSE_MS;
    for (let attempt = 1;; attempt++) {
      const result = await this.run(argv, this.env());
      if (result.code === 0 || attempt === TRIES || !OVERRUN.test(result.stderr)) return result;
      // Spread out, or all that were refused together come back together.
      const jitteredMs = pauseMs * (0.5 + Math.random());
      await new Promise((resolve) => setTimeout(resolve, jitteredMs));
      pauseMs = Math.min(pauseMs * 2, 1_000);
    }
  }
}

export function sliceName(id: string): string {
  return `corral-${id}.slice`;
}

export function scopeName(id: string): string {
  return `corral-${id}.scope`;
}

function scopeProperties(units: JobUnits): UnitProperty[] {
  const properties: UnitProperty[] = [
    ["PIDs", "au", "1", String(units.pid)],
    ["Slice", "s", sliceName(units.id)],
    ["Description", "s", units.description],
    // A failed scope would stay loaded for ever (#24613).
    ["CollectMode", "s", "inactive-or-failed"],
    // What lies below the scope is the job's: systemd leaves nested cgroups alone, also at a daemon-reload.
    ["DelegateControllers", "as", "2", "memory", "pids"],
    ["TimeoutStopUSec", "t", usec(units.graceMs)],
  ];
  if (units.backstopMs !== null) properties.push(["RuntimeMaxUSec", "t", usec(units.backstopMs)]);
  return properties;
}

function sliceProperties(units: JobUnits): UnitProperty[] {
  return [
    ["Description", "s", units.description],
    ["CPUAccounting", "b", "true"],
    ["MemoryAccounting", "b", "true"],
    ["TasksAccounting", "b", "true"],
    ["IOAccounting", "b", "true"],
    ...limitSettings(units.limits).filter(([, value]) => value !== "infinity" && value !== "").map((
      [name, value],
    ): UnitProperty =>
      name === "CPUQuota"
        ? ["CPUQuotaPerSecUSec", "t", String(Math.round(units.limits.cpuMaxCores! * 1_000_000))]
        : [name, "t", value]
    ),
  ];
}

/** Limits as systemctl set-property takes them (systemd.resource-control(5)); `infinity` or empty lifts a limit. */
export function limitSettings(limits: Limits): [name: string, value: string][] {
  const orInfinity = (value: number | null) => value === null ? "infinity" : String(value);
  return [
    ["MemoryMax", orInfinity(limits.memoryMaxBytes)],
    ["MemoryHigh", orInfinity(limits.memoryHighBytes)],
    ["MemorySwapMax", orInfinity(limits.swapMaxBytes)],
    ["CPUQuota", limits.cpuMaxCores === null ? "" : `${Number((limits.cpuMaxCores * 100).toFixed(2))}%`],
    ["CPUWeight", limits.cpuWeight === null ? "" : String(limits.cpuWeight)],
    ["TasksMax", orInfinity(limits.pidsMax)],
  ];
}

function usec(ms: number): string {
  return String(Math.max(1, Math.round(ms * 1000)));
}
