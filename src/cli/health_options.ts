/** Options by which the health of a job is checked, by `corral run` and `corral adopt` alike. */
import { type Command, Option } from "@commander-js/extra-typings";
import type { HealthRequest } from "../act/run/health_spec.ts";
import { parserFor, UsageError } from "../base/errors.ts";
import { fromHere } from "../base/path.ts";
import { choiceOf } from "../value/choice.ts";
import { parseDurationMs } from "../value/duration.ts";
import { parseShellLine } from "../value/name.ts";
import { choiceOption } from "./choice_option.ts";
import type { Context } from "./context.ts";

/** What becomes of an idle job. */
export const IDLE_ACTIONS = choiceOf("--idle-action", ["report", "kill"]);

const duration = (option: string, help: string) =>
  new Option(`${option} <DURATION>`, help).argParser(parserFor(option, parseDurationMs));

const OPTIONS = [
  duration("--idle-after", "report the job when it used no CPU, did no IO and wrote no output for so long"),
  choiceOption(
    "--idle-action <ACTION>",
    "then report it, or kill it, reason unhealthy (default: report)",
    IDLE_ACTIONS,
  ),
  duration(
    "--heartbeat",
    "end the job, reason unhealthy, when it has not touched the file $CORRAL_HEARTBEAT for so long",
  ),
  new Option("--heartbeat-file <FILE>", "that file, in place of one of corral's own"),
  duration(
    "--heartbeat-start",
    "how long the first heartbeat may take (default: 10m, or --heartbeat if longer)",
  ),
  new Option(
    "--health-command <CMD>",
    "ask sh -c CMD as the job's user, beside the job: 0 well, 1 ill, else unknown; three times ill in a row end the job, reason unhealthy",
  ).argParser(parserFor("--health-command", parseShellLine)),
  duration("--health-interval", "how often to ask it (default: 1m)"),
];

/** What the options leave, once read. */
export interface HealthOptions {
  idleAfter?: number;
  idleAction?: "report" | "kill";
  heartbeat?: number;
  heartbeatFile?: string;
  heartbeatStart?: number;
  healthCommand?: string;
  healthInterval?: number;
}

/** Adds them. */
export function addHealthOptions<Args extends unknown[], Opts extends Record<string, unknown>>(
  command: Command<Args, Opts>,
): Command<Args, Opts> {
  // commander's types know options by their literal flags alone: healthOptionsIn() reads these.
  for (const option of OPTIONS) command.addOption(option as Option);
  return command;
}

/** What was given of them. */
export const healthOptionsIn = (options: object): HealthOptions => options as HealthOptions;

/** What goes only with another option. */
const WITH = [
  ["idleAction", "idleAfter", "--idle-action goes with --idle-after"],
  ["heartbeatFile", "heartbeat", "--heartbeat-file goes with --heartbeat"],
  ["heartbeatStart", "heartbeat", "--heartbeat-start goes with --heartbeat"],
  ["healthInterval", "healthCommand", "--health-interval goes with --health-command"],
] as const;

/** The request, with the settings where they are silent; null without a check. Throws UsageError. */
export function healthRequestFrom(
  { settings, cwd }: Pick<Context, "settings" | "cwd">,
  options: HealthOptions,
  directory: string,
): HealthRequest | null {
  for (const [one, other, message] of WITH) {
    if (options[one] !== undefined && options[other] === undefined) throw new UsageError(message);
  }
  if (options.heartbeatFile === "") throw new UsageError("--heartbeat-file: give a file");
  const { idleAfter, heartbeat, healthCommand, heartbeatFile } = options;
  const request: HealthRequest = {
    ...(idleAfter === undefined
      ? {}
      : { idle: { afterMs: idleAfter, action: options.idleAction ?? settings.idleAction } }),
    ...(heartbeat === undefined ? {} : {
      heartbeat: {
        withinMs: heartbeat,
        firstWithinMs: options.heartbeatStart ?? Math.max(heartbeat, settings.heartbeatStartMs),
        file: heartbeatFile === undefined ? null : fromHere(cwd, heartbeatFile),
        directory,
      },
    }),
    ...(healthCommand === undefined ? {} : {
      command: { command: healthCommand, everyMs: options.healthInterval ?? settings.healthIntervalMs },
    }),
  };
  return Object.keys(request).length === 0 ? null : request;
}
