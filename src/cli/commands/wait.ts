/** `corral wait`: returns when jobs have ended, with the exit code that `corral run` would have had. */
import { Command } from "@commander-js/extra-typings";
import { JOB_FORMS } from "../../value/selector.ts";
import type { Invoke } from "../verb.ts";
import type { Context } from "../context.ts";
import { errorText, EXIT, parserFor } from "../../base/errors.ts";
import { toJson } from "../../base/json.ts";
import { formatDuration, formatDurationExact, parseDurationMs } from "../../value/duration.ts";
import type { Job } from "../../job/job.ts";
import { jobJson } from "../../job/json.ts";
import { endLine, isPlainSuccess, recordedExitCode } from "../../job/outcome.ts";
import { followOutput } from "../../act/logs/follow_output.ts";
import { type Awaited, waitForJobs } from "../../act/wait/wait_for_jobs.ts";
import { bothStores, storeOf } from "../../store/former_store.ts";
import { forOwner } from "../for_owner.ts";
import { NO_TIMEOUT } from "../job_options.ts";
import { shownBytes } from "../others_output.ts";
import { selectOne } from "../select.ts";
import { waitForAll } from "../wait_everybody.ts";

interface Options {
  any?: true | undefined;
  timeout?: number | undefined;
  follow?: true | undefined;
  json?: true | undefined;
}

/** A user's process that root asks may be stopped by that user. */
const OWNER_MARGIN_MS = 10_000;

/** The sub-command, wired to `invoke`. */
export function waitVerb(invoke: Invoke) {
  const wait = new Command("wait")
    .description(
      "Waits until jobs have ended, and exits as `corral run` would have: with several jobs, with the highest of their exit codes. A job " +
        "that has ended already is not waited for. A signal ends the wait, not the job.",
    )
    .argument("<JOB...>", JOB_FORMS)
    .option("--any", "until one of them has ended: prints its id, and exits as that one")
    .option(
      "-t, --timeout <DURATION>",
      "wait no longer, and exit with 124: 90, 90s, 2h30m, 1d, MM:SS, HH:MM:SS; 0 only looks",
      parserFor("--timeout", parseCap),
    )
    .option("-f, --follow", "print the output of detached jobs meanwhile")
    .option("--json", "print the jobs as JSON");
  wait.action((selectors, options) =>
    invoke(wait, (context) => {
      const act = () => waitFor(context, selectors, options);
      if (selectors.length > 1) return waitForSeveral(context, selectors, options);
      const capMs = options.timeout === undefined ? Infinity : options.timeout + OWNER_MARGIN_MS;
      return forOwner(context, selectors[0]!, act, { capMs });
    })
  );
  return wait;
}

function parseCap(text: string): number {
  return text === NO_TIMEOUT ? Infinity : parseDurationMs(text, { zeroAllowed: true });
}

/** A list may name jobs of several users. */
function waitForSeveral(context: Context, selectors: readonly string[], options: Options): Promise<number> {
  const { any, timeout, follow, json } = options;
  const words = [
    ...(any ? ["--any"] : []),
    ...(timeout === undefined || timeout === Infinity ? [] : ["--timeout", formatDurationExact(timeout)]),
    ...(follow ? ["--follow"] : []),
  ];
  return waitForAll(context, {
    ...{ selectors, words, any: any ?? false, json: json ?? false, timeoutMs: timeout ?? null },
    own: bothStores(context.openStore("wait"), context.openFormerStore("wait")),
    waitForOwn: (around, own) => waitFor(around, own, options),
  });
}

async function waitFor(context: Context, selectors: readonly string[], options: Options): Promise<number> {
  const [present, former] = [context.openStore("wait"), context.openFormerStore("wait")];
  const both = bothStores(present, former);
  const jobs = new Map(
    selectors.map((selector) => selectOne(both, selector)).map((job) => [job.spec.id, job]),
  );
  const awaited = [...jobs.keys()].map((id) => ({ id, store: storeOf(id, present, former) }));
  const following = options.follow ? new Following(context, awaited, jobs) : null;
  const ended: Job[] = [];
  const isOver = await waitForJobs(context, awaited, {
    any: options.any ?? false,
    capMs: options.timeout ?? Infinity,
    onOrphan: context.settings.onOrphan,
    onEnded: (job) => {
      ended.push(job);
      jobs.set(job.spec.id, job);
      following?.end(job.spec.id);
    },
  });
  await following?.finish();
  report(context, [...jobs.values()], ended, options);
  if (!isOver) {
    const left = [...jobs.keys()].filter((id) => !ended.some(({ spec }) => spec.id === id));
    context.say(`not ended within ${formatDuration(options.timeout!)}: ${left.join(", ")}`);
    return EXIT.TIMEOUT;
  }
  const codes = ended.map((job) => codeOf(job)!);
  return options.any ? codes[0]! : Math.max(...codes);
}

function report(context: Context, jobs: readonly Job[], ended: readonly Job[], { any, json }: Options): void {
  const seen = any ? ended.slice(0, 1) : ended;
  if (json) {
    const list = jobs.map((job) => ({ ...jobJson(job, null, null), runExitCode: codeOf(job) }));
    context.stdout.write(toJson(list) + "\n");
  } else if (any) {
    for (const { spec } of seen) context.stdout.write(`${spec.id}\n`);
  }
  for (const { spec: { id, limits }, phase } of seen) {
    if (phase.state === "ended" && !isPlainSuccess(phase)) context.say(endLine(id, phase, limits));
  }
}

/** Null for a job that has not ended. */
function codeOf({ spec, phase }: Job): number | null {
  return phase.state === "ended" ? recordedExitCode(phase, spec) : null;
}

/** The outputs of the jobs, as they come. */
class Following {
  readonly #over = new Map<string, AbortController>();
  readonly #copies: Promise<void>[];

  constructor(readonly context: Context, awaited: readonly Awaited[], jobs: ReadonlyMap<string, Job>) {
    this.#copies = awaited.map(({ id, store }) => this.#copy(jobs.get(id)!, store));
  }

  async #copy(job: Job, store: Awaited["store"]): Promise<void> {
    const { context } = this;
    const over = new AbortController();
    this.#over.set(job.spec.id, over);
    const { stateDir } = context.settings;
    try {
      await followOutput(context, { job, store, stateDir, lines: null, over: over.signal }, {
        take: job.spec.uid === context.uid ? context.stdout.pass : shownBytes(context.stdout),
        say: context.say,
      });
    } catch (error) {
      // The job is waited for all the same.
      context.say(`warning: ${errorText(error)}`);
    }
  }

  /** What is there of that job is the last of it. */
  end(id: string): void {
    this.#over.get(id)?.abort();
  }

  /** Resolves when all is printed that is there. */
  async finish(): Promise<void> {
    for (const id of this.#over.keys()) this.end(id);
    await Promise.all(this.#copies);
  }
}
