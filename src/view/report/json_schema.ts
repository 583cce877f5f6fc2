/**
 * The one JSON Schema of what corral says of jobs: `show --json`, `ps --json`, the receipt, `report --format json` and `jsonl`, and
 * the groups of `report --by`. `corral report --schema` prints it.
 */
import { CHECKS } from "../../job/health.ts";
import { END_REASONS } from "../../job/job.ts";
import { LIMIT_KINDS, LIMIT_ROWS } from "../../job/limits.ts";
import { FIGURES } from "../../job/figures.ts";
import { NO_USAGE } from "../../job/usage.ts";

type Schema = Record<string, unknown>;

const text = { type: "string" };
const integer = { type: "integer" };
const optionalText = { type: ["string", "null"] };
const optionalInteger = { type: ["integer", "null"] };
const optionalNumber = { type: ["number", "null"] };
const time = { type: "string", format: "date-time", description: "ISO 8601, UTC" };
const optionalTime = { type: ["string", "null"], format: "date-time", description: "ISO 8601, UTC" };
const listOf = (items: Schema) => ({ type: "array", items });
const described = (schema: Schema, description: string) => ({ ...schema, description });
const ref = (name: string) => ({ $ref: `#/$defs/${name}` });

/** An object that has all of `properties`, may have `optional` ones, and nothing else. */
function object(properties: Record<string, Schema>, optional: Record<string, Schema> = {}): Schema {
  return {
    type: "object",
    properties: { ...properties, ...optional },
    required: Object.keys(properties),
    additionalProperties: false,
  };
}

const FIGURE_SCHEMAS: ReadonlyMap<string, Schema> = new Map(FIGURES.map(({ key, description }) => [
  key,
  description === undefined ? optionalInteger : described(optionalInteger, description),
]));
const IO_DEVICES = { anyOf: [listOf(ref("ioDevice")), { type: "null" }] };

/** What the kernel did not give is null. */
const USAGE: Record<string, Schema> = Object.fromEntries(
  Object.keys(NO_USAGE).map((key) => [key, FIGURE_SCHEMAS.get(key) ?? IO_DEVICES]),
);

/** Null is "no limit". */
const LIMITS: Record<string, Schema> = Object.fromEntries(LIMIT_ROWS.map(({ key, kind }) => {
  const { jsonType, description } = LIMIT_KINDS[kind];
  const schema = { type: [jsonType, "null"] };
  return [key, description === undefined ? schema : described(schema, description)];
}));

const REASON = { enum: [...Object.keys(END_REASONS), null] };

const JOB = object({
  id: text,
  name: text,
  ref: described(optionalText, "the owner's id of the job"),
  user: text,
  uid: integer,
  state: { enum: ["queued", "starting", "running", "ending", "ended"] },
  reason: described(REASON, "null until an ending has begun"),
  trigger: described(REASON, "why it was ended, also when reason is unkillable"),
  exitCode: optionalInteger,
  signal: described(optionalText, "name of the signal that its first process died of"),
  command: listOf(text),
  cwd: text,
  tags: { type: "object", additionalProperties: text },
  backend: described({ enum: ["systemd", "cgroupfs", null] }, "null for a job that was never launched"),
  adopted: described({ type: "boolean" }, "it ran before corral took it over"),
  pool: described(optionalText, "the pool in whose room it runs"),
  priority: described(optionalInteger, "in the queue of the pool: higher goes first"),
  queuedMs: described(optionalInteger, "how long it waited for room in its pool"),
  outer: described(optionalText, "id of the job in which it was started, and lies"),
  pid: optionalInteger,
  pgid: optionalInteger,
  cgroupPath: described(optionalText, "below the cgroup2 mount"),
  cgroupInode: optionalInteger,
  slurmJob: described(optionalInteger, "number of the Slurm job in which it was started"),
  slurmStep: described(optionalText, "and the step: batch, interactive, extern or a number"),
  slurmRestarts: described(optionalInteger, "how often Slurm had requeued that by then"),
  supervisorPid: described(optionalInteger, "null for a job that was never launched"),
  outputFile: described(optionalText, "where the output of a detached job goes"),
  createdAt: time,
  startedAt: optionalTime,
  endedAt: optionalTime,
  timeoutMs: optionalInteger,
  cpuTimeMs: described(optionalInteger, "limit of its CPU time"),
  health: described(
    { anyOf: [ref("health"), { type: "null" }] },
    "how its health is checked; null: not at all",
  ),
  unhealthyCheck: described(
    { enum: [...Object.keys(CHECKS), null] },
    "the check for which it was ended, when trigger is unhealthy",
  ),
  graceMs: integer,
  firstSignal: text,
  limits: object(LIMITS),
  usage: object(USAGE),
  survivors: described(listOf(ref("survivor")), "processes that outlived the kill deadline"),
}, {
  events: described(listOf(ref("event")), "show and receipt"),
  cpuPercent: described(
    optionalNumber,
    "ps: now, of one core; report: over its life, of the CPU quota, or of the node",
  ),
  memoryPercent: described(optionalNumber, "report: peak of the memory limit"),
  host: described(text, "report: name of the node"),
  memoryCurrentBytes: described(optionalInteger, "ps and show of a live job"),
  frozen: described({ type: "boolean" }, "ps and show of a live job"),
  signs: described(listOf(ref("sign")), "ps and show of a running job with checks of its health"),
  gpus: described(
    listOf(text),
    "ps and show of a live job: nodes of GPUs that its processes hold, such as nvidia0",
  ),
  gpuHolders: described(
    listOf(ref("gpuHolder")),
    "receipt and show of an ended job, on a node with a GPU: processes of the job that hold one all the same",
  ),
  procs: described(optionalInteger, "ps"),
  runExitCode: described(optionalInteger, "wait: what `corral run` would have returned; null before the end"),
  processes: described(listOf(ref("process")), "show of a live job"),
  samples: described(listOf(ref("sample")), "show: its course, at intervals that widen"),
});

const GROUP = object({
  count: integer,
  live: integer,
  failed: described(integer, "ended otherwise than by exiting with 0"),
  neverStarted: described(integer, "commands that could not be started; not in count and failed"),
  wallMs: ref("spread"),
  cpuUsageUsec: ref("spread"),
  memoryPeakBytes: ref("spread"),
  cpuTotalUsec: described(optionalInteger, "of all jobs of which it is known, live ones included"),
  wallTotalMs: described(optionalInteger, "the same"),
  memoryByteHours: described(optionalNumber, "the same: memory peak times wall time"),
}, {
  name: text,
  user: text,
  reason: text,
  host: text,
  day: { type: "string", format: "date", description: "of the start, in the node's time zone" },
  advice: ref("advice"),
});

/** Of JSON Schema 2020-12. */
export const JSON_SCHEMA: Schema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "What corral says of jobs",
  oneOf: [ref("job"), listOf({ anyOf: [ref("job"), ref("group")] }), ref("group"), ref("end")],
  $defs: {
    job: JOB,
    event: object({ at: time, actor: text, kind: text, detail: { type: "object" } }),
    process: object({ pid: integer, ppid: integer, state: text, command: text }),
    ioDevice: object({
      device: described(text, "MAJOR:MINOR"),
      name: optionalText,
      readBytes: integer,
      writtenBytes: integer,
      readOperations: integer,
      writeOperations: integer,
    }),
    sample: object({
      offsetMs: described(integer, "since the start"),
      memoryBytes: optionalInteger,
      anonBytes: optionalInteger,
      fileBytes: optionalInteger,
      cpuUsageUsec: described(optionalInteger, "used by then"),
      tasks: optionalInteger,
    }),
    health: object({
      idleAfterMs: optionalInteger,
      idleAction: { enum: ["report", "kill", null] },
      heartbeatMs: optionalInteger,
      heartbeatStartMs: described(optionalInteger, "how long the first heartbeat may take"),
      heartbeatFile: optionalText,
      healthCommand: optionalText,
      healthIntervalMs: optionalInteger,
    }),
    sign: object({
      check: { enum: Object.keys(CHECKS) },
      verdict: { enum: ["well", "quiet", "ill", "unknown"] },
      since: described(optionalTime, "of the last sign, or of the last answer"),
      text,
    }),
    survivor: object({ pid: integer, name: text, state: text, wchan: optionalText, because: text }),
    gpuHolder: object({ pid: integer, name: text, gpus: listOf(text) }),
    group: GROUP,
    end: described(
      object({
        end: { const: true },
        host: text,
        rows: described(integer, "lines of jobs of this host before it"),
        whole: described({ type: "boolean" }, "false when jobs are missing that could not be read"),
      }),
      "last line of a node's jsonl: without it the output was cut short",
    ),
    spread: described(
      object({ p50: optionalInteger, p95: optionalInteger, max: optionalInteger }),
      "nearest rank over the ended jobs",
    ),
    advice: described(
      object({ memoryMaxBytes: optionalInteger, timeoutMs: optionalInteger, cpuMaxCores: optionalNumber }),
      "p95 + 20 % of the jobs that ended well; null where that cannot be told",
    ),
  },
};
