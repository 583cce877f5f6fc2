/** The two units of a job: their names and their properties, as systemd takes them over D-Bus. Pure. */
import { LIMIT_ROWS, type LimitKind, type Limits, NO_LIMITS } from "../job/limits.ts";
import { guardDescription, onEndDescription } from "./unit_description.ts";
import type { Variant } from "./wire.ts";

/** One property of a unit. */
export type UnitProperty = readonly [name: string, value: Variant];

/** What is needed to make a job's two units. */
export interface JobUnits {
  id: string;
  /** The process that goes into the scope. */
  pid: number;
  /** The process that goes into a scope of its own beside the job's slice; null: there is none. */
  guardPid: number | null;
  /** What it lies in, outermost first: ids of jobs, or the level of a pool. */
  outer: readonly string[];
  description: string;
  limits: Limits;
  graceMs: number;
  /** RuntimeMaxSec of the scope: systemd ends the job then, should no corral process be left to do it. */
  backstopMs: number | null;
}

/** What follows the end of job `id`. */
export interface OnEndUnit {
  id: string;
  pid: number;
  capMs: number;
}

const SIGKILL = 9;

/** Carries the limits. Slices nest by their names (systemd.slice(5)): that of a job in a job begins with the outer ones. */
export function sliceName(id: string, outer: readonly string[]): string {
  return `corral-${[...outer, id].join("-")}.slice`;
}

/** Lies in the slice and holds the processes. */
export function scopeName(id: string): string {
  return `corral-${id}.scope`;
}

/** Lies beside the slice and holds the job's guard. */
export function guardScopeName(id: string): string {
  return `corral-guard-${id}.scope`;
}

/** Lies beside the slice and holds what `--on-end` runs. */
export function onEndScopeName(id: string): string {
  return `corral-onend-${id}.scope`;
}

const text = (value: string): Variant => ({ signature: "s", value });
const yes: Variant = { signature: "b", value: true };
const usecOfMs = (ms: number): Variant => ({ signature: "t", value: Math.max(1, Math.round(ms * 1000)) });

/** Properties of the scope (systemd.scope(5), systemd.kill(5)). */
export function scopeProperties(units: JobUnits): UnitProperty[] {
  return [
    ["PIDs", { signature: "au", value: [units.pid] }],
    ["Slice", text(sliceName(units.id, units.outer))],
    // Starts the guard's scope in the same transaction. Not Requires=: nor does the one end with the other.
    ...(units.guardPid === null
      ? []
      : [["Wants", { signature: "as", value: [guardScopeName(units.id)] }] as const]),
    ["Description", text(units.description)],
    // A failed scope would stay loaded for ever (#24613).
    ["CollectMode", text("inactive-or-failed")],
    // What lies below the scope is the job's: systemd leaves nested cgroups alone, also at a daemon-reload.
    ["DelegateControllers", { signature: "as", value: ["memory", "pids"] }],
    // The limits are the slice's: none of the scope's own (DefaultTasksMax) may bind below it.
    ...limitProperties(NO_LIMITS, { lift: true }),
    ["TimeoutStopUSec", usecOfMs(units.graceMs)],
    ...(units.backstopMs === null ? [] : [["RuntimeMaxUSec", usecOfMs(units.backstopMs)] as const]),
  ];
}

/** Properties of the scope of the job's guard, which no end of a job reaches, also not that of an outer one. */
export function guardScopeProperties(units: JobUnits & { guardPid: number }): UnitProperty[] {
  return [
    ["PIDs", { signature: "au", value: [units.guardPid] }],
    ["Slice", text("corral.slice")],
    ["Description", text(guardDescription(units.id))],
    ["CollectMode", text("inactive-or-failed")],
  ];
}

/** The scope of an `--on-end` command: a stop of it kills, and so does systemd itself after `capMs`, should no corral process be left. */
export function onEndScopeProperties({ id, pid, capMs }: OnEndUnit): UnitProperty[] {
  return [
    ["PIDs", { signature: "au", value: [pid] }],
    ["Slice", text("corral.slice")],
    ["Description", text(onEndDescription(id))],
    ["CollectMode", text("inactive-or-failed")],
    ["KillSignal", { signature: "i", value: SIGKILL }],
    ["RuntimeMaxUSec", usecOfMs(capMs)],
  ];
}

/** Properties of a pool's slice. */
export function poolProperties(limits: Limits): UnitProperty[] {
  return [["Description", text("corral pool")], ...ACCOUNTING, ...limitProperties(limits, { lift: true })];
}

const ACCOUNTING = ["CPUAccounting", "MemoryAccounting", "TasksAccounting", "IOAccounting"].map((name) =>
  [name, yes] as const
);

/** Properties of the slice: accounting, and the limits that were asked for (systemd.resource-control(5)). */
export function sliceProperties(units: JobUnits): UnitProperty[] {
  return [
    ["Description", text(units.description)],
    ...ACCOUNTING,
    ...limitProperties(units.limits, { lift: false }),
  ];
}

/** systemd's "no limit" and "not set". */
const INFINITY = 2 ** 64;

/** From a limit's unit to that of its property. */
const VALUES: Readonly<Record<LimitKind, (value: number) => number>> = {
  size: (bytes) => bytes,
  cores: (cores) => Math.round(cores * 1_000_000),
  count: (count) => count,
};

/** Limits as properties. With `lift`, a limit that is null is set to "none"; without, it is left out. */
export function limitProperties(limits: Limits, { lift }: { lift: boolean }): UnitProperty[] {
  return LIMIT_ROWS.filter(({ key }) => lift || limits[key] !== null)
    .map(({ key, kind, property, propertyUnset = INFINITY }) => {
      const value = limits[key];
      return [property, { signature: "t", value: value === null ? propertyUnset : VALUES[kind](value) }];
    });
}
