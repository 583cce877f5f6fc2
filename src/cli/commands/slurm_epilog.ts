/** `corral slurm-epilog`: the whole of an Epilog of Slurm, without arguments, PATH or a way to fail. */
import { Command } from "@commander-js/extra-typings";
import type { Invoke } from "../verb.ts";
import type { Context } from "../context.ts";
import { asOwner } from "../for_owner.ts";
import { errorText, EXIT } from "../../base/errors.ts";
import { within } from "../../base/poll.ts";
import { quoted } from "../../base/text.ts";
import { slurmNumber } from "../../job/slurm.ts";
import { type EndedLeftBehind, endJobsOfSlurm, endLeftBehind } from "../../act/slurm/end_slurm_job.ts";
import { isGoneNow } from "../../view/sweep.ts";

/** Slurm itself has no limit by default (PrologEpilogTimeout), and the node takes no other job meanwhile. */
const LIMIT_MS = 45_000;
/** The user's process: a grace that is cut short, and the time in which the kernel lets go of what was killed. */
const USER_CAP_MS = 30_000;
const ROOT = 0;

/** The sub-command, wired to `invoke`. */
export function slurmEpilogVerb(invoke: Invoke) {
  const verb = new Command("slurm-epilog")
    .description(
      "For Slurm's Epilog: ends what the Slurm job SLURM_JOB_ID launched through corral on this node and what its steps left behind, " +
        "and nothing else. Needs no arguments and no PATH, takes 45 s at most, and always exits 0: another exit code drains the node.",
    )
    .option("--job <ID>", "this Slurm job instead of SLURM_JOB_ID")
    // A slip in slurm.conf must not drain every node.
    .allowUnknownOption()
    .allowExcessArguments();
  verb.action(({ job }) => invoke(verb, (context) => epilog(context, job), { neverFails: true }));
  return verb;
}

async function epilog(context: Context, asked: string | undefined): Promise<number> {
  const text = asked ?? context.env["SLURM_JOB_ID"] ?? context.env["SLURM_JOBID"];
  const job = slurmNumber(text);
  if (job === null || job === 0) {
    const what = text === undefined
      ? "SLURM_JOB_ID is not set"
      : `${quoted(text)} is not the number of a Slurm job`;
    context.say(`slurm-epilog: ${what}: nothing is done`);
    return EXIT.DONE;
  }
  if (await within(endAll(context, job).then(() => true), LIMIT_MS) === null) {
    context.say(`Slurm job ${job}: not everything has ended within ${LIMIT_MS / 1000} s`);
  }
  return EXIT.DONE;
}

/** The jobs first: a supervisor records their end, as long as it is not ended itself. */
async function endAll(context: Context, job: number): Promise<void> {
  const uid = context.uid === ROOT ? slurmNumber(context.env["SLURM_JOB_UID"]) : null;
  const ofUser = uid !== null && uid !== ROOT;
  await Promise.all([
    attempt(context, () => endOwn(context, job)),
    ...(ofUser ? [attempt(context, () => endUsers(context, uid, job))] : []),
  ]);
  if (uid !== null) await attempt(context, () => endLeft(context, { job, uid }));
}

/** One part that fails holds up no other. */
async function attempt(context: Context, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    context.say(errorText(error));
  }
}

async function endOwn(context: Context, job: number): Promise<void> {
  for (const result of await endJobsOfSlurm(context, context.openStore("slurm-epilog"), job)) {
    const { id, reason, survivors, refused } = result;
    if (refused !== null) context.say(`job ${id}: not ended: ${refused}`);
    else context.say(`job ${id} of Slurm job ${job} ended: ${survivors > 0 ? "processes are left" : reason}`);
  }
}

/** Those in the user's store are ended by a process of the user: root believes no word of it. */
async function endUsers(context: Context, uid: number, job: number): Promise<void> {
  await asOwner(context, uid, ["slurm-epilog", "--job", String(job)], { capMs: USER_CAP_MS });
}

async function endLeft(context: Context, of: { job: number; uid: number }): Promise<void> {
  const ended = await endLeftBehind(context, of);
  if (ended.length === 0) return;
  const message = leftLine(of.job, ended);
  context.say(message);
  // What an Epilog prints is lost: Slurm keeps none of it.
  context.journal({
    SYSLOG_IDENTIFIER: "corral",
    PRIORITY: ended.every(({ ended }) => isGoneNow(ended)) ? "5" : "3",
    MESSAGE: message,
    CORRAL_SLURM_JOB: String(of.job),
  });
}

const SHOWN = 8;

function leftLine(job: number, ended: readonly EndedLeftBehind[]): string {
  const alive = ended.filter(({ ended }) => !isGoneNow(ended));
  const shown = ended.slice(0, SHOWN).map(({ pid, name }) => `${pid} (${quoted(name)})`).join(", ");
  const more = ended.length > SHOWN ? ` and ${ended.length - SHOWN} more` : "";
  const left = alive.length === 0 ? "" : `; still alive: ${alive.map(({ pid }) => pid).join(", ")}`;
  return `Slurm job ${job}: what its steps left behind was ended: ${shown}${more}${left}`;
}
