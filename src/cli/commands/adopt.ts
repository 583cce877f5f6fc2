/** `corral adopt`: makes a job of running processes. act/adopt/adopt.ts carries it out. */
import { Command } from "@commander-js/extra-typings";
import type { Invoke } from "../verb.ts";
import type { Context } from "../context.ts";
import { printId } from "../print_id.ts";
import { CorralError, EXIT, parserFor, UsageError } from "../../base/errors.ts";
import { parsePid } from "../../value/count.ts";
import { newJobId } from "../../value/id.ts";
import { jobJson } from "../../job/json.ts";
import { toJson } from "../../base/json.ts";
import { adoptJob, type AdoptRequest } from "../../act/adopt/adopt.ts";
import { detachedHalf, startSupervisor } from "../../act/launch/detach.ts";
import { releaseAdopted } from "../../act/end/release_adopted.ts";
import { collect, JOB_OPTIONS, jobRequestFrom, nameOption } from "../job_options.ts";
import type { JobStore } from "../../store/jobs.ts";
import { addHealthOptions, healthOptionsIn, healthRequestFrom } from "../health_options.ts";
import { addLimitOptions } from "../limit_options.ts";

function command() {
  const adopt = new Command("adopt")
    .description(
      "Takes running processes and everything that descends from them into a new job with limits and a deadline, prints its id and " +
        "returns. They run on all the while. Limits count what they use from now on: memory that they hold already stays where " +
        "it was charged. The job ends with its last process; its exit code is not known.",
    )
    .requiredOption(
      "--pid <PID...>",
      "a process to take, repeatable; its descendants come along",
      collect(parserFor("--pid", parsePid)),
    )
    .addOption(nameOption("basename of the first process's command"))
    .addOption(JOB_OPTIONS.timeout)
    .addOption(JOB_OPTIONS.cpuTime)
    .addOption(JOB_OPTIONS.grace)
    .addOption(JOB_OPTIONS.signal);
  return addHealthOptions(addLimitOptions(adopt))
    .addOption(JOB_OPTIONS.ref)
    .addOption(JOB_OPTIONS.tag)
    .addOption(JOB_OPTIONS.backend)
    .option("--best-effort", "adopt although a limit cannot be enforced; warn")
    .option("--force", "also out of a Slurm step, and with limits that are passed already")
    .option("--json", "print the job as JSON instead of its id");
}

type Options = ReturnType<ReturnType<typeof command>["opts"]>;

/** The sub-command, wired to `invoke`. */
export function adoptVerb(invoke: Invoke) {
  const adopt = command();
  adopt.action((options) => invoke(adopt, (context) => adoptProcesses(context, options)));
  return adopt;
}

async function adoptProcesses(context: Context, options: Options): Promise<number> {
  const request = requestFrom(context, options);
  const detached = detachedHalf(context);
  if (detached !== null) return await adoptJob(context, request, detached);
  const id = newJobId(context.randomBytes);
  const backend = context.backend(request.backend);
  // Before anything is begun: one that does not answer is waited for once.
  const store = context.openStore("adopt");
  try {
    await startSupervisor(context, backend, id);
  } catch (error) {
    await releaseHalfTaken(context, store, id);
    throw withOwnCode(error);
  }
  const job = options.json ? store.get(id) : null;
  printId(context, id, job === null ? id : toJson(jobJson(job, null, null)));
  return EXIT.DONE;
}

function requestFrom(context: Context, options: Options): AdoptRequest {
  const health = healthRequestFrom(context, healthOptionsIn(options), "");
  // Their environment is made already.
  if (health?.heartbeat?.file === null) {
    throw new UsageError("--heartbeat of processes that run needs --heartbeat-file FILE");
  }
  return {
    ...jobRequestFrom(context, options),
    pids: options.pid,
    name: options.name ?? null,
    force: options.force ?? false,
    health,
  };
}

/** Cleans up after a supervisor that was killed in mid-adoption: processes that it moved must not keep limits and a deadline that no record has. */
async function releaseHalfTaken(context: Context, store: JobStore, id: string): Promise<void> {
  const job = store.get(id);
  const supervisor = job?.watch?.supervisor;
  const lives = supervisor !== undefined && context.procs.isAlive(supervisor, context.clock.bootId());
  if (job?.phase.state === "starting" && !lives) await releaseAdopted(context, store, job);
}

/** Passes on the supervisor's error with an exit code of this command: a killed supervisor has none. */
function withOwnCode(error: unknown): unknown {
  if (!(error instanceof CorralError) || error.exitCode === EXIT.USAGE) return error;
  return new CorralError(error.message, { remedy: error.remedy, cause: error });
}
