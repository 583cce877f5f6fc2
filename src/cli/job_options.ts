/** Options with which a job is made, by `corral run` and `corral adopt` alike. */
import { Option } from "@commander-js/extra-typings";
import { choiceOption } from "./choice_option.ts";
import type { Context } from "./context.ts";
import { limitOption } from "./limit_options.ts";
import { parserFor } from "../base/errors.ts";
import { parseDurationMs } from "../value/duration.ts";
import { limitsOf, withImpliedSwap } from "../job/limits.ts";
import { parseName, parseRef } from "../value/name.ts";
import { parseSignal } from "../value/signal.ts";
import { parseTag } from "../value/tag.ts";
import { BACKEND_CHOICE } from "../backend/choose.ts";
import type { JobRequest } from "../act/run/job_request.ts";

/** The same as no --timeout; Infinity among the options only, as commander takes a parsed null for a missing value. */
export const NO_TIMEOUT = "infinity";
const zeroAllowed = { zeroAllowed: true };

function parseTimeout(text: string): number {
  return text === NO_TIMEOUT ? Infinity : parseDurationMs(text, { noLimit: NO_TIMEOUT });
}

/** For a repeatable option: all that were given, in their order. */
export function collect<T>(parse: (text: string) => T): (text: string, before: T[] | undefined) => T[] {
  return (text, before = []) => [...before, parse(text)];
}

/** Every one but `name`, whose default differs, and the limits (limit_options.ts). */
export const JOB_OPTIONS = {
  timeout: new Option(
    "-t, --timeout <DURATION>",
    "wall-clock limit: 90, .5, 90s, 1.5h, 2h30m, 1d, 500ms, MM:SS, HH:MM:SS, D-HH, D-HH:MM:SS, infinity",
  ).argParser(parserFor("--timeout", parseTimeout)),
  cpuTime: new Option(
    "--cpu-time <DURATION>",
    "limit of the CPU time of all its processes together; ended as at --timeout, reason cpu-time",
  ).argParser(parserFor("--cpu-time", parseDurationMs)),
  grace: new Option("--grace <DURATION>", "from the first signal to KILL (default: 2s)")
    .argParser(parserFor("--grace", (text) => parseDurationMs(text, zeroAllowed))),
  signal: new Option("--signal <SIG>", "first signal (default: TERM)")
    .argParser(parserFor("--signal", parseSignal)),
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
  cpuTime?: number | undefined;
  grace?: number | undefined;
  signal?: { name: string } | undefined;
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
    timeoutMs: options.timeout === Infinity ? null : options.timeout ?? null,
    cpuTimeMs: options.cpuTime ?? null,
    graceMs: options.grace ?? settings.graceMs,
    signal: options.signal?.name ?? "TERM",
    ...withImpliedSwap(limitsOf(({ key }) => limitOption<number>(options, key) ?? null)),
    backend: options.backend ?? settings.backend,
    bestEffort: options.bestEffort ?? settings.bestEffort,
    onOrphan: settings.onOrphan,
  };
}
