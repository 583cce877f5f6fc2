/** What the columns of a job's row may hold, where SQLite itself only knows text and numbers. Each throws an Error that names the column. */
import { type BackendName, END_REASONS, type EndReason, type Survivor } from "../job/job.ts";
import { LIMIT_ROWS, type LimitKey, type Limits, NO_LIMITS } from "../job/limits.ts";
import { isPoolName } from "../job/pool.ts";
import type { Ticket } from "../job/ticket.ts";
import type { HealthSpec, HealthState } from "../job/health.ts";
import type { OnEnd } from "../job/on_end.ts";
import type { ReceiptPlace } from "../job/receipt_place.ts";
import { type SlurmJob, slurmNumber } from "../job/slurm.ts";
import { parseSignal } from "../value/signal.ts";
import type { IoDevice } from "../job/usage.ts";

const BACKENDS: readonly string[] = ["systemd", "cgroupfs"] satisfies BackendName[];
/** What a Date can hold, in milliseconds either side of the epoch (ECMA-262, "Time Values"). */
const DATE_LIMIT_MS = 8.64e15;

function checked<T>(column: string, value: unknown, isRight: (value: unknown) => boolean): T {
  if (isRight(value)) return value as T;
  throw new Error(`${column} cannot be ${JSON.stringify(value)}`);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isString = (value: unknown) => typeof value === "string";
const isLimit = (value: unknown) => value === null || typeof value === "number";

/** A value that must be there. */
export function present<T>(value: T | null, column: string): T {
  if (value === null) throw new Error(`${column} is missing`);
  return value;
}

/** A time that can be shown, in milliseconds since the epoch. */
export function dateMs(value: number | null, column: string): number {
  return checked(column, present(value, column), (ms) => Math.abs(Number(ms)) <= DATE_LIMIT_MS);
}

/** Column `id`: it becomes part of unit names and paths. */
export const idOf = (text: string): string => checked("id", text, (id) => /^[a-z0-9]+$/.test(String(id)));

/** Column `backend`. */
export const backendNameOf = (text: string): BackendName =>
  checked("backend", text, (name) => BACKENDS.includes(String(name)));

/** Columns `reason` and `trigger_reason`. */
export const reasonOf = (text: string | null, column: string): EndReason =>
  checked(column, present(text, column), (reason) => Object.hasOwn(END_REASONS, String(reason)));

/** Column `first_signal`: a signal that can be sent. */
export function signalOf(text: string): string {
  parseSignal(text);
  return text;
}

/** Column `argv`, JSON. */
export const argvOf = (json: string): string[] =>
  checked(
    "argv",
    JSON.parse(json),
    (words) => Array.isArray(words) && words.length > 0 && words.every(isString),
  );

/** Column `tags`, JSON. */
export const tagsOf = (json: string): Record<string, string> =>
  checked("tags", JSON.parse(json), (tags) => isObject(tags) && Object.values(tags).every(isString));

/** Column `output_file`: an absolute path, as one for open(2). */
export const outputPathOf = (path: string): string =>
  checked("output_file", path, (it) => /^\/[^\0]*$/.test(String(it)));

/** Column `pool`: it becomes part of a slice's name. */
export const poolNameOf = (text: string): string => checked("pool", text, (it) => isPoolName(String(it)));

/** Column `ticket`, JSON. */
export const ticketOf = (json: string): Ticket => checked("ticket", JSON.parse(json), isTicket);

function isTicket(value: unknown): boolean {
  if (!isObject(value) || !isString(value["cwd"]) || !Number.isInteger(value["umask"])) return false;
  const { args, env } = value;
  return Array.isArray(args) && args.every(isString) && isObject(env) && Object.values(env).every(isString);
}

/** Column `receipt`, JSON. */
export const receiptPlaceOf = (json: string): ReceiptPlace =>
  checked("receipt", JSON.parse(json), isReceiptPlace);

function isReceiptPlace(place: unknown): boolean {
  if (!isObject(place) || !isString(place["path"])) return false;
  const numbers = RECEIPT_NUMBERS[String(place["how"])];
  return numbers !== undefined && numbers.every((key) => Number.isInteger(place[key]));
}

const RECEIPT_NUMBERS: Record<string, string[]> = {
  "renamed": ["device", "inode"],
  "in-place": ["device", "inode"],
  "as-user": ["uid", "gid"],
} satisfies Record<ReceiptPlace["how"], string[]>;

/** Columns `slurm_job`, `slurm_step` and `slurm_restarts`. */
export function slurmJobOf(
  job: number,
  { slurm_step: step, slurm_restarts: restarts }: {
    slurm_step: string | null;
    slurm_restarts: number | null;
  },
): SlurmJob {
  const isNumber = (value: unknown) => slurmNumber(String(value)) !== null;
  checked("slurm_step", step ?? "0", (it) => /^[a-z0-9]{1,20}$/.test(String(it)));
  return {
    job: checked("slurm_job", job, isNumber),
    step: step ?? null,
    restarts: checked("slurm_restarts", restarts ?? 0, isNumber),
  };
}

/** Column `on_end`, JSON. */
export const onEndOf = (json: string): OnEnd => checked("on_end", JSON.parse(json), isOnEnd);

function isOnEnd(value: unknown): boolean {
  if (!isObject(value) || !isString(value["command"]) || !isString(value["home"])) return false;
  return ["uid", "gid"].every((key) => Number.isInteger(value[key]));
}

const isNumber = (value: unknown) => typeof value === "number" && value >= 0;
const isKnownOr = (isRight: (value: unknown) => boolean) => (value: unknown) =>
  value === null || isRight(value);
const hasParts = (value: unknown, parts: Record<string, (part: unknown) => boolean>) =>
  isObject(value) && Object.entries(parts).every(([key, isRight]) => isRight(value[key]));

/** Column `health`, JSON. */
export const healthSpecOf = (json: string): HealthSpec =>
  checked("health", JSON.parse(json), (value) =>
    hasParts(value, {
      idle: (it) =>
        it === undefined ||
        hasParts(it, { afterMs: isNumber, action: (word) => word === "report" || word === "kill" }),
      heartbeat: (it) =>
        it === undefined ||
        hasParts(it, {
          ...{ withinMs: isNumber, firstWithinMs: isNumber },
          file: (path) => /^\/[^\0]*$/.test(String(path)),
          isOurs: (flag) => flag === undefined || flag === true,
        }),
      command: (it) => it === undefined || hasParts(it, { command: isString, everyMs: isNumber }),
      user: (it) => hasParts(it, { uid: isNumber, gid: isNumber, home: isString }),
    }));

const ANSWERS: unknown[] = ["well", "ill", "unknown", null] satisfies HealthState["command"]["last"][];

/** Column `health_state`, JSON. */
export const healthStateOf = (json: string): HealthState =>
  checked("health_state", JSON.parse(json), (value) =>
    hasParts(value, {
      atBootMs: isNumber,
      frozen: (it) => typeof it === "boolean",
      signs: (it) =>
        hasParts(it, {
          ...{ cpuUsageUsec: isKnownOr(isNumber), ioOperations: isKnownOr(isNumber) },
          ...{ cpuWaitUsec: isKnownOr(isNumber), stalledUsec: isKnownOr(isNumber) },
          ...{ output: isKnownOr(isString), beat: isKnownOr(isString) },
        }),
      stuck: isKnownOr((it) =>
        hasParts(it, { pid: isNumber, wchan: isKnownOr(isString), sinceBootMs: isNumber })
      ),
      idle: (it) =>
        hasParts(it, {
          isCounting: (flag) => typeof flag === "boolean",
          quietMs: isNumber,
          activeBootMs: isNumber,
        }),
      heartbeat: (it) => hasParts(it, { beats: isNumber, silentMs: isNumber, beatBootMs: isNumber }),
      command: (it) =>
        hasParts(it, {
          strikes: isNumber,
          last: (word) => ANSWERS.includes(word),
          words: isString,
          atBootMs: isNumber,
        }),
    }));

const [LATER_LIMITS, FIRST_LIMITS] = [true, false].map((isLater) =>
  LIMIT_ROWS.filter((row) => (row.isLater ?? false) === isLater).map(({ key }) => key)
) as [LimitKey[], LimitKey[]];

/** Column `limits`, JSON. Limits that are newer than the record are null. */
export function limitsFromJson(json: string): Limits {
  const limits: Limits = checked("limits", JSON.parse(json), isLimits);
  return LATER_LIMITS.length === 0 ? limits : { ...NO_LIMITS, ...limits };
}

function isLimits(limits: unknown): boolean {
  return isObject(limits) && FIRST_LIMITS.every((key) => isLimit(limits[key])) &&
    LATER_LIMITS.every((key) => limits[key] === undefined || isLimit(limits[key]));
}

/** Column `survivors`, JSON. */
export const survivorsOf = (json: string): Survivor[] =>
  checked("survivors", JSON.parse(json), (all) => Array.isArray(all) && all.every(isSurvivor));

function isSurvivor(value: unknown): boolean {
  return isObject(value) && typeof value["pid"] === "number" && isString(value["name"]) &&
    isString(value["state"]) && isString(value["because"]) &&
    (value["wchan"] === null || isString(value["wchan"]));
}

/** Column `io_devices`, JSON; null in rows older than the column. */
export const ioDevicesOf = (json: string | null): IoDevice[] | null =>
  json === null
    ? null
    : checked("io_devices", JSON.parse(json), (all) => Array.isArray(all) && all.every(isIoDevice));

function isIoDevice(value: unknown): boolean {
  return isObject(value) && isString(value["device"]) &&
    (value["name"] === null || isString(value["name"])) &&
    IO_FIGURES.every((figure) => typeof value[figure] === "number");
}

const IO_FIGURES = [
  "readBytes",
  "writtenBytes",
  "readOperations",
  "writeOperations",
] satisfies (keyof IoDevice)[];
