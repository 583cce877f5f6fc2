/** `corral run`: the options, and what they ask for. What is then done is in supervise/run_job.ts. */
import { Command } from "@commander-js/extra-typings";
import { choiceOption } from "../choice_option.ts";
import type { Invoke } from "../cli.ts";
import type { Context } from "../context.ts";
import { parserFor, SetupError, UsageError, ValueError } from "../errors.ts";
import { findUser } from "../host/users.ts";
import { parseCpus } from "../job/cpus.ts";
import { parseDurationMs } from "../job/duration.ts";
import { jobNameFromCommand, parseName, parseRef } from "../job/name.ts";
import { parseSignal } from "../job/signal.ts";
import { parseSizeBytes } from "../job/size.ts";
import { parseTag } from "../job/tag.ts";
import { BACKEND_CHOICE } from "../launch/choose_backend.ts";
import { superviseDetached } from "../supervise/detach.ts";
import { quoted } from "../report/escape.ts";
import { runJob, type RunRequest } from "../supervise/run_job.ts";
import { parseTasks, parseWeight } from "../job/count.ts";

/** Repeatable options: KEY=VALUE pairs, the last one of a key wins. */
function collect<T>(parse: (text: string) => T): (text: string, before: T[] | undefined) => T[] {
  return (text, before = []) => [...before, parse(text)];
}

function parseEnv(text: string): { key: string; value: string } {
  const equals = text.indexOf("=");
  if (equals > 0) return { key: text.slice(0, equals), value: text.slice(equals + 1) };
  const offset = Math.max(equals, 0);
  throw new ValueError({ kind: "variable", input: text, offset, accepted: ["KEY=VALUE"], source: "--env" });
}

const zeroAllowed = { zeroAllowed: true };

function command() {
  return new Command("run")
    .description(
      "Launches COMMAND in a cgroup of its own, enforces the limits, passes on stdio, signals and exit code, and returns only " +
        "when no process of the job is left. The job ends with its first process: what that leaves behind gets the first " +
        "signal, the grace, and then KILL.",
    )
    .argument("<COMMAND>", "the command")
    .argument("[ARG...]", "its arguments, passed on as they are")
    .option(
      "-n, --name <NAME>",
      "label in tables (default: basename of COMMAND)",
      parserFor("--name", parseName),
    )
    .option(
      "-t, --timeout <DURATION>",
      "wall-clock limit: 90, 90s, 2h30m, 1d, 500ms, HH:MM:SS, D-HH:MM:SS",
      parserFor("--timeout", (text) => parseDurationMs(text)),
    )
    .option(
      "--grace <DURATION>",
      "from the first signal to KILL (default: 2s)",
      parserFor("--grace", (text) => parseDurationMs(text, zeroAllowed)),
    )
    .option("--signal <SIG>", "first signal (default: TERM)", parserFor("--signal", parseSignal))
    .option(
      "-m, --memory <SIZE>",
      "memory.max, such as 24G; the whole job dies at once when it is exceeded",
      parserFor("--memory", (text) => parseSizeBytes(text)),
    )
    .option(
      "--memory-high <SIZE>",
      "throttle above it",
      parserFor("--memory-high", (text) => parseSizeBytes(text)),
    )
    .option(
      "--swap <SIZE>",
      "memory.swap.max (default: 0 with --memory)",
      parserFor("--swap", (text) => parseSizeBytes(text, zeroAllowed)),
    )
    .option("-c, --cpus <CPUS>", "CPU quota: 4, 0.5 or 150%", parserFor("--cpus", parseCpus))
    .option(
      "--cpu-weight <N>",
      "share of the CPU when it is scarce, 1..10000",
      parserFor("--cpu-weight", parseWeight),
    )
    .option("-p, --pids <N>", "limit of processes and threads", parserFor("--pids", parseTasks))
    .option("--ref <REF>", "the owner's id of the job", parserFor("--ref", parseRef))
    .option("--tag <KEY=VALUE>", "label to filter by, repeatable", collect(parserFor("--tag", parseTag)))
    .option("--user <USER>", "run as USER, with that user's groups (root only)")
    .option("--chdir <DIR>", "working directory")
    .option("--env <KEY=VALUE>", "environment variable, repeatable", collect(parseEnv))
    .option("--detach", "print the id and return; the job stays enforced")
    .option(
      "--output <FILE>",
      "with --detach: append stdout and stderr to FILE (default: STATE-DIR/output/ID.log)",
    )
    .addOption(
      choiceOption("--backend <BACKEND>", "auto, systemd or cgroupfs (default: auto)", BACKEND_CHOICE),
    )
    .option("--best-effort", "run although a limit cannot be enforced; warn")
    .option("--receipt <FILE>", "write a JSON receipt at the end")
    .option("--quiet", "nothing of corral's own on stderr")
    .passThroughOptions();
}

type Options = ReturnType<ReturnType<typeof command>["opts"]>;

/** The sub-command, wired to `invoke`. */
export function runVerb(invoke: Invoke) {
  const run = command();
  run.action((program, args, options) =>
    invoke(run, async (context) => {
      const request = await requestFrom(context, [program, ...args], options);
      return options.detach ? await superviseDetached(context, request) : await runJob(context, request);
    }, { launching: true })
  );
  return run;
}

async function requestFrom(context: Context, argv: string[], options: Options): Promise<RunRequest> {
  if (options.output !== undefined && !options.detach) {
    throw new UsageError("--output goes with --detach; otherwise redirect as usual: corral run … > FILE");
  }
  const user = options.user === undefined ? null : await findUser(options.user, context.run);
  if (user !== null && context.uid !== 0 && user.uid !== context.uid) {
    throw new UsageError("--user needs root");
  }
  const cwd = directoryFrom(context.cwd, options.chdir);
  const env = {
    ...context.env,
    ...Object.fromEntries((options.env ?? []).map(({ key, value }) => [key, value])),
  };
  const memoryMaxBytes = options.memory ?? null;
  return {
    argv,
    name: options.name ?? jobNameFromCommand(argv[0]!),
    ref: options.ref ?? null,
    tags: Object.fromEntries((options.tag ?? []).map(({ key, value }) => [key, value])),
    timeoutMs: options.timeout ?? null,
    graceMs: options.grace ?? context.settings.graceMs,
    signal: options.signal?.name ?? "TERM",
    limits: {
      memoryMaxBytes,
      memoryHighBytes: options.memoryHigh ?? null,
      swapMaxBytes: options.swap ?? (memoryMaxBytes === null ? null : 0),
      cpuMaxCores: options.cpus ?? null,
      cpuWeight: options.cpuWeight ?? null,
      pidsMax: options.pids ?? null,
    },
    swapIsImplied: options.swap === undefined,
    user,
    cwd,
    env,
    backend: options.backend ?? context.settings.backend,
    bestEffort: options.bestEffort ?? context.settings.bestEffort,
    receipt: options.receipt ?? null,
    output: options.output ?? null,
    quiet: options.quiet ?? false,
  };
}

function directoryFrom(cwd: string, chdir: string | undefined): string {
  if (chdir === undefined) return entered(cwd);
  // An empty variable in a script, not the directory that it happens to be in.
  if (chdir === "") throw new UsageError("--chdir: give a directory");
  const directory = chdir.startsWith("/") ? chdir : `${cwd}/${chdir}`;
  try {
    if (Deno.statSync(directory).isDirectory) return Deno.realPathSync(directory);
  } catch (cause) {
    throw new UsageError(`--chdir: cannot enter ${JSON.stringify(chdir)}: ${(cause as Error).message}`);
  }
  throw new UsageError(`--chdir: ${JSON.stringify(chdir)} is not a directory`);
}

function entered(cwd: string): string {
  try {
    Deno.chdir(cwd);
    return cwd;
  } catch (cause) {
    throw new SetupError(
      `cannot enter the current directory ${quoted(cwd)}`,
      "give --chdir DIR, or cd there",
      cause,
    );
  }
}
