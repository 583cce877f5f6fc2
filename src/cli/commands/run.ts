/** `corral run`: reads the options into a request. act/run/run.ts carries it out. */
import { Command } from "@commander-js/extra-typings";
import type { Invoke } from "../verb.ts";
import type { Context } from "../context.ts";
import { printId } from "../print_id.ts";
import { SetupError, UsageError, ValueError } from "../../base/errors.ts";
import { answers } from "../../linux/apart.ts";
import { findUser, type User } from "../../linux/users.ts";
import { fromHere } from "../../base/path.ts";
import { jobNameFromCommand } from "../../value/name.ts";
import { quoted } from "../../base/text.ts";
import { removeEarlierReceiptOf } from "../../act/run/for_user.ts";
import { runJob, type RunRequest } from "../../act/run/run.ts";
import { identityVariables, userEnvironment } from "../../act/run/user_environment.ts";
import { collect, JOB_OPTIONS, jobRequestFrom, nameOption } from "../job_options.ts";
import { addHealthOptions, healthOptionsIn, healthRequestFrom } from "../health_options.ts";
import { addLimitOptions } from "../limit_options.ts";
import { onEndOption } from "../on_end_option.ts";
import { outputMaxOption, refuseOutputMax } from "../output_max_option.ts";
import { POOL_OPTIONS, poolRequestFrom } from "../pool_options.ts";
import { namedParentOption } from "../parent_option.ts";
import { refuseRawBytes } from "../words.ts";

function parseEnv(text: string): { key: string; value: string } {
  const equals = text.indexOf("=");
  if (equals > 0) return { key: text.slice(0, equals), value: text.slice(equals + 1) };
  const offset = Math.max(equals, 0);
  throw new ValueError({ kind: "variable", input: text, offset, accepted: ["KEY=VALUE"], source: "--env" });
}

function command() {
  const run = new Command("run")
    .description(
      "Launches COMMAND in a cgroup of its own, enforces the limits, passes on stdio, signals and exit code, and returns only " +
        "when no process of the job is left. The job ends with its first process: what that leaves behind gets the first " +
        "signal, the grace, and then KILL; --wait-all keeps it.",
    )
    .argument("<COMMAND>", "the command")
    .argument("[ARG...]", "its arguments, passed on as they are")
    .addOption(nameOption("basename of COMMAND"))
    .addOption(JOB_OPTIONS.timeout)
    .addOption(JOB_OPTIONS.cpuTime)
    .addOption(JOB_OPTIONS.grace)
    .addOption(JOB_OPTIONS.signal);
  return addHealthOptions(addLimitOptions(run))
    .addOption(POOL_OPTIONS.pool)
    .addOption(POOL_OPTIONS.priority)
    .addOption(POOL_OPTIONS.unique)
    .addOption(POOL_OPTIONS.requeue)
    .addOption(JOB_OPTIONS.ref)
    .addOption(JOB_OPTIONS.tag)
    .option("--user <USER>", "run as USER, with that user's groups (root only)")
    .option("--chdir <DIR>", "working directory")
    .option("--env <KEY=VALUE>", "environment variable, repeatable", collect(parseEnv))
    .option(
      "--keep-env",
      "with --user: the caller's environment too, less what is root's own (TMPDIR, XDG_RUNTIME_DIR)",
    )
    .option(
      "--wait-all",
      "the job lasts until its last process has ended, and has the exit code of its first",
    )
    .addOption(onEndOption())
    .option("-d, --detach", "print the id and return; the job stays enforced")
    .option(
      "--output <FILE>",
      "with --detach: append stdout and stderr to FILE (default: STATE-DIR/output/ID.log; with --user ~USER/.local/state/corral/output/ID.log)",
    )
    .addOption(outputMaxOption())
    .option(
      "--with-parent",
      "end the job (reason orphaned) when the process that called corral is gone; --with-parent=PID: when process PID is",
    )
    .addOption(namedParentOption())
    .addOption(JOB_OPTIONS.backend)
    .option(
      "--best-effort",
      "run although a limit cannot be enforced, or outside of the job that corral is in; warn",
    )
    .option(
      "--receipt <FILE>",
      "write a JSON receipt at the end, over that of an earlier run, which goes first",
    )
    .option("--quiet", "nothing of corral's own on stderr")
    .passThroughOptions();
}

type Options = ReturnType<ReturnType<typeof command>["opts"]>;

/** The sub-command, wired to `invoke`. */
export function runVerb(invoke: Invoke) {
  const run = command();
  run.action((program, args, options) =>
    invoke(run, async (context) => {
      refuseRawBytes(context.self.args, args.length);
      const request = await requestFrom(context, [program, ...args], options);
      if (!options.detach) return await runJob(context, request);
      const started = (id: string) => printId(context, id);
      const { runDetached } = await import("../../act/run/run_detached.ts");
      return await runDetached(context, { ...request, stateDir: context.settings.stateDir }, started);
    }, {
      launching: true,
      refused: (context) => settleUser(context, options).then(() => {}),
    })
  );
  return run;
}

async function requestFrom(context: Context, argv: string[], options: Options): Promise<RunRequest> {
  // First of all: what refuses the run must not leave the receipt of another.
  const user = await settleUser(context, options);
  if (options.output !== undefined && !options.detach) {
    throw new UsageError("--output goes with --detach; otherwise redirect as usual: corral run … > FILE");
  }
  if (options.withParent && options.detach) {
    throw new UsageError("--with-parent does not go with --detach: a detached job outlives its caller", {
      remedy: "name another process: --with-parent=PID",
    });
  }
  if (user !== null && context.uid !== 0 && user.uid !== context.uid) {
    throw new UsageError("--user needs root");
  }
  const asked = Object.fromEntries((options.env ?? []).map(({ key, value }) => [key, value]));
  const keepEnv = options.keepEnv ?? false;
  if (keepEnv && user === null) throw new UsageError("--keep-env goes with --user");
  const isForAnother = user !== null && user.uid !== context.uid;
  if (options.outputMax !== undefined) refuseOutputMax({ detach: options.detach ?? false, isForAnother });
  const env = isForAnother
    ? userEnvironment(user, context.env, { keepEnv, asked })
    : { ...context.env, ...(user === null ? {} : identityVariables(user)), ...asked };
  const cwd = isForAnother
    ? directoryForUser(context.cwd, options, user)
    : await directoryFrom(context.cwd, options.chdir);
  const request = jobRequestFrom(context, options);
  const pooled = poolRequestFrom(context, options, request.limits);
  return {
    ...request,
    ...(pooled === null ? {} : { pool: pooled.pool, ...pooled.limits }),
    argv,
    name: options.name ?? jobNameFromCommand(argv[0]!),
    user,
    cwd,
    isCwdAsked: options.chdir !== undefined,
    keepEnv,
    env,
    receipt: options.receipt ?? null,
    output: options.output ?? null,
    outputMaxBytes: options.outputMax ?? null,
    withParent: options.withParentPid ?? options.withParent ?? false,
    quiet: options.quiet ?? false,
    waitAll: options.waitAll ?? false,
    onEnd: options.onEnd ?? null,
    health: healthRequestFrom(
      context,
      healthOptionsIn(options),
      heartbeatDirectory(isForAnother ? `${user.home}/.local/state/corral` : context.settings.stateDir),
    ),
  };
}

const heartbeatDirectory = (stateDir: string) => `${stateDir}/heartbeat`;

/** The user of the job; the receipt of an earlier run is gone by then. Throws UsageError for a user that there is not. */
async function settleUser(context: Context, { user: key, receipt }: Options): Promise<User | null> {
  try {
    const user = key === undefined ? null : await findUser(key, context.run);
    await removeEarlierReceiptOf(context, receipt, user);
    return user;
  } catch (error) {
    await removeEarlierReceiptOf(context, receipt, "unknown");
    throw error;
  }
}

/** Returns the path unchecked: the gate enters it with the rights of the user (act/launch/user_gate.ts). */
function directoryForUser(cwd: string, { chdir, detach }: Options, user: User): string {
  if (chdir === "") throw new UsageError("--chdir: give a directory");
  if (chdir !== undefined) return fromHere(cwd, chdir);
  // A detached job outlives the shell of its caller. A directory without a name cannot be entered as another user.
  return detach || cwd.startsWith("/proc/self") ? user.home : cwd;
}

async function directoryFrom(cwd: string, chdir: string | undefined): Promise<string> {
  if (chdir === undefined) return await entered(cwd);
  // An empty value is an unset variable in a script; it does not mean the current directory.
  if (chdir === "") throw new UsageError("--chdir: give a directory");
  const directory = chdir.startsWith("/") ? chdir : `${cwd}/${chdir}`;
  if (!await answers(directory)) {
    throw new SetupError(
      `--chdir: ${quoted(chdir)} is on a file system that does not answer`,
      "give another --chdir",
    );
  }
  try {
    if (Deno.statSync(directory).isDirectory) return Deno.realPathSync(directory);
  } catch (cause) {
    throw new UsageError(`--chdir: cannot enter ${JSON.stringify(chdir)}: ${(cause as Error).message}`);
  }
  throw new UsageError(`--chdir: ${JSON.stringify(chdir)} is not a directory`);
}

async function entered(cwd: string): Promise<string> {
  if (!await answers(cwd)) {
    throw new SetupError(
      `the current directory ${quoted(cwd)} is on a file system that does not answer`,
      "give --chdir DIR, or cd elsewhere",
    );
  }
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
