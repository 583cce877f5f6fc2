/** Changes of the checks of a live job's health, by `corral set`. */
import { type Command, Option } from "@commander-js/extra-typings";
import { CorralError, parserFor, UsageError } from "../base/errors.ts";
import type { HealthSpec } from "../job/health.ts";
import type { Job } from "../job/job.ts";
import type { UserHome } from "../job/user_home.ts";
import { usersOfUids } from "../linux/users.ts";
import { parseDurationMs } from "../value/duration.ts";
import { parseShellLine } from "../value/name.ts";
import type { Context } from "./context.ts";
import { choiceOption } from "./choice_option.ts";
import { IDLE_ACTIONS } from "./health_options.ts";
import { type Wish, wishOrNone } from "./wish.ts";

const OPTIONS = [
  new Option("--idle-after <DURATION>", "report the job when it was idle for so long; none")
    .argParser(parserFor("--idle-after", wishOrNone(parseDurationMs))),
  choiceOption("--idle-action <ACTION>", "then report it, or kill it", IDLE_ACTIONS),
  new Option("--heartbeat <DURATION>", "of a job that was started with one: how long it may take; none")
    .argParser(parserFor("--heartbeat", wishOrNone(parseDurationMs))),
  new Option("--health-command <CMD>", "ask this command; none")
    .argParser(parserFor("--health-command", wishOrNone(parseShellLine))),
];

interface HealthChanges {
  idleAfter?: Wish<number>;
  idleAction?: "report" | "kill";
  heartbeat?: Wish<number>;
  healthCommand?: Wish<string>;
}

/** Adds them. */
export function addHealthChanges<Args extends unknown[], Opts extends Record<string, unknown>>(
  command: Command<Args, Opts>,
): Command<Args, Opts> {
  for (const option of OPTIONS) command.addOption(option as Option);
  return command;
}

/** What was given of them. */
export function healthChangesIn(options: object): unknown[] {
  const { idleAfter, idleAction, heartbeat, healthCommand } = options as HealthChanges;
  return [idleAfter, idleAction, heartbeat, healthCommand];
}

/** The same for the event. */
export function healthDetail(options: object): Record<string, unknown> {
  const { idleAfter, idleAction, heartbeat, healthCommand } = options as HealthChanges;
  return {
    ...(idleAfter === undefined ? {} : { idleAfterMs: idleAfter.value }),
    ...(idleAction === undefined ? {} : { idleAction }),
    ...(heartbeat === undefined ? {} : { heartbeatMs: heartbeat.value }),
    ...(healthCommand === undefined ? {} : { healthCommand: healthCommand.value }),
  };
}

/** The checks as they are from now on; null for none. Throws UsageError, CorralError. */
export async function newHealth(context: Context, job: Job, options: object): Promise<HealthSpec | null> {
  const before = job.spec.health ?? null;
  if (healthChangesIn(options).every((option) => option === undefined)) return before;
  const changes = options as HealthChanges;
  const idle = newIdle(before, changes, context.settings.idleAction);
  const heartbeat = newHeartbeat(before, changes);
  const command = newCommand(before, changes, context.settings.healthIntervalMs);
  if (idle === undefined && heartbeat === undefined && command === undefined) return null;
  return {
    ...(idle === undefined ? {} : { idle }),
    ...(heartbeat === undefined ? {} : { heartbeat }),
    ...(command === undefined ? {} : { command }),
    user: before?.user ?? await userOf(context, job),
  };
}

function newIdle(
  before: HealthSpec | null,
  { idleAfter, idleAction }: HealthChanges,
  usual: "report" | "kill",
): HealthSpec["idle"] {
  const action = idleAction ?? before?.idle?.action ?? usual;
  const afterMs = idleAfter === undefined ? before?.idle?.afterMs ?? null : idleAfter.value;
  if (afterMs === null && idleAction !== undefined) {
    throw new UsageError("--idle-action: the job has no --idle-after");
  }
  return afterMs === null ? undefined : { afterMs, action };
}

function newHeartbeat(
  before: HealthSpec | null,
  { heartbeat }: HealthChanges,
): HealthSpec["heartbeat"] {
  const now = before?.heartbeat;
  if (heartbeat === undefined) return now;
  if (heartbeat.value === null) return undefined;
  if (now === undefined) {
    throw new UsageError("--heartbeat: the job was started without one, and knows no file for it");
  }
  return { ...now, withinMs: heartbeat.value };
}

function newCommand(
  before: HealthSpec | null,
  { healthCommand }: HealthChanges,
  usualMs: number,
): HealthSpec["command"] {
  const now = before?.command;
  if (healthCommand === undefined) return now;
  const command = healthCommand.value;
  return command === null ? undefined : { command, everyMs: now?.everyMs ?? usualMs };
}

async function userOf(context: Context, { spec: { uid, user } }: Job): Promise<UserHome> {
  if (uid === context.uid) return { uid, gid: Deno.gid() ?? 0, home: context.env["HOME"] ?? "/" };
  const found = (await usersOfUids([uid], context.run)).get(uid);
  if (found === undefined) throw new CorralError(`there is no user ${user} as whom to look at its health`);
  return { uid, gid: found.gid, home: found.home };
}
