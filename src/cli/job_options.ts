/** Options with which a job is made, by `corral run` and `corral adopt` alike. */
import { Option } from "@commander-js/extra-typings";
import { choiceOption } from "./choice_option.ts";
import type { Context } from "./context.ts";
import { parserFor } from "../base/errors.ts";
import { parseTasks, parseWeight } from "../value/count.ts";
import { parseCpus } from "../value/cpus.ts";
import { parseDurationMs } from "../value/duration.ts";
import type { Limits } from "../job/job.ts";
import { parseName, parseRef } from "../value/name.ts";
import { parseSignal } from "../value/signal.ts";
import { parseSizeBytes } from "../value/size.ts";
import { parseTag } from "../value/tag.ts";
import { BACKEND_CHOICE } from "../backend/choose.ts";
import type { JobRequest } from "../act/run/job_request.ts";

const zeroAllowed = { zeroAllowed: true };

/** For a repeatable option: all that were given, in their order. */
export function collect<T>(parse: (text: string) => T): (text: string, before: T[] | undefined) => T[] {
  return (text, before = []) => [...before, parse(text)];
}

/** Every one but `name`, whose default differs. */
export const JOB_OPTIONS = {
  timeout: new Option(
    "-t, --timeout <DURATION>",
    "wall-clock limit: 90, 90s, 2h30m, 1d, 500ms, HH:MM:SS, D-HH:MM:SS",
  ).argParser(parserFor("--timeout", (text) => parseDurationMs(text))),
  grace: new Option("--grace <DURATION>", "from the first signal to KILL (default: 2s)")
    .argParser(parserFor("--grace", (text) => parseDurationMs(text, zeroAllowed))),
  signal: new Option("--signal <SIG>", "first signal (default: TERM)")
    .argParser(parserFor("--signal", parseSignal)),
  memory: new Option(
    "-m, --memory <SIZE>",
    "memory.max, such as 24G; the whole job dies at once when it is exceeded",
  ).argParser(parserFor("--memory", (text) => parseSizeBytes(text))),
  memoryHigh: new Option("--memory-high <SIZE>", "throttle above it")
    .argParser(parserFor("--memory-high", (text) => parseSizeBytes(text))),
  swap: new Option("--swap <SIZE>", "memory.swap.max (default: 0 with --memory)")
    .argParser(parserFor("--swap", (text) => parseSizeBytes(text, zeroAllowed))),
  cpus: new Option("-c, --cpus <CPUS>", "CPU quota: 4, 0.5 or 150%")
    .argParser(parserFor("--cpus", parseCpus)),
  cpuWeight: new Option("--cpu-weight <N>", "share of the CPU when it is scarce, 1..10000")
    .argParser(parserFor("--cpu-weight", parseWeight)),
  pids: new Option("-p, --pids <N>", "limit of processes and threads")
    .argParser(parserFor("--pids", parseTasks)),
  ref: new Option("--ref <REF>", "the owner's id of the job").argParser(parserFor("--ref", parseRef)),
  tag: new Option("--tag <KEY=VALUE>", "label to filter by, repeatable")
    .argParser(collect(parserFor("--tag", parseTag))),
  backend: choiceOption("--backend <BACKEND>", "auto, systemd or cgroupfs (default: auto)", BACKEND_CHOICE),
};

/** `-n, --name`; `fallback` says what the name is without. */
export function nameOption(fallback: string) {
  return new Option("-n, --name <NAME>", `label in tables (default: ${fallback})`)
    .argParser(parserFor("--name", parseName));
}

/** What the options above leave, once read. */
interface JobOptions {
  timeout?: number | undefined;
  grace?: number | undefined;
  signal?: { name: string } | undefined;
  memory?: number | undefined;
  memoryHigh?: number | undefined;
  swap?: number | undefined;
  cpus?: number | undefined;
  cpuWeight?: number | undefined;
  pids?: number | undefined;
  ref?: string | undefined;
  tag?: readonly { key: string; value: string }[] | undefined;
  backend?: JobRequest["backend"] | undefined;
  bestEffort?: true | undefined;
}

/** What these options ask for, with the settings where they are silent. */
export function jobRequestFrom({ settings }: Context, options: JobOptions): JobRequest {
  return {
    ref: options.ref ?? null,
    // The last one of a key wins.
    tags: Object.fromEntries((options.tag ?? []).map(({ key, value }) => [key, value])),
    timeoutMs: options.timeout ?? null,
    graceMs: options.grace ?? settings.graceMs,
    signal: options.signal?.name ?? "TERM",
    limits: limitsFrom(options),
    swapIsImplied: options.swap === undefined,
    backend: options.backend ?? settings.backend,
    bestEffort: options.bestEffort ?? settings.bestEffort,
  };
}

/** The limits that were asked for. With `--memory`, swap is limited to 0 unless something else is said. */
function limitsFrom(options: JobOptions): Limits {
  const memoryMaxBytes = options.memory ?? null;
  return {
    memoryMaxBytes,
    memoryHighBytes: options.memoryHigh ?? null,
    swapMaxBytes: options.swap ?? (memoryMaxBytes === null ? null : 0),
    cpuMaxCores: options.cpus ?? null,
    cpuWeight: options.cpuWeight ?? null,
    pidsMax: options.pids ?? null,
  };
}
