/** `corral strays`: processes that match a pattern and belong to no job. */
import { Command } from "@commander-js/extra-typings";
import type { Invoke } from "../verb.ts";
import type { Context } from "../context.ts";
import { EXIT, parserFor, UsageError } from "../../base/errors.ts";
import { commandLine, type Process } from "../../linux/processes.ts";
import { namesOfUids, uidOf } from "../../linux/users.ts";
import { formatDuration, formatDurationExact, parseDurationMs } from "../../value/duration.ts";
import { parseSignal } from "../../value/signal.ts";
import { READ_CAP_MS } from "../../base/bounded_read.ts";
import { printable, quoted, shortened } from "../../base/text.ts";
import { toJson } from "../../base/json.ts";
import { gpuWords } from "../../view/ps.ts";
import { type Column, renderTable } from "../../view/table.ts";
import { formatCpuTime, formatOptionalBytes, MISSING } from "../../value/units.ts";
import { type EndedStray, type EndedStrays, endStrays } from "../../act/end/end_strays.ts";
import { servicePids } from "../../observe/service_pids.ts";
import { sessionsOf } from "../../observe/strays_orphaned.ts";
import { findStrays, type FoundStrays } from "../../observe/strays.ts";
import { isSweeping, parsePattern, parseSelectivePattern } from "../../value/pattern.ts";
import { askOwnerOf, type OwnersView } from "../../observe/strays_owner.ts";
import type { Stray, StrayCriteria } from "../../observe/strays_select.ts";
import { ignoredSignals, StopSignals } from "../../linux/stop_signals.ts";

const COLUMNS: Column[] = [
  { key: "pid", title: "pid", align: "right" },
  { key: "age", title: "age", align: "right" },
  { key: "user", title: "user", align: "left" },
  { key: "cpu", title: "cpu", align: "right" },
  { key: "mem", title: "mem", align: "right" },
  { key: "gpu", title: "gpu", align: "left", shrink: true },
  { key: "ref", title: "ref", align: "left", shrink: true },
  { key: "status", title: "status", align: "left" },
  { key: "command", title: "command", align: "left", shrink: true },
];
const NOTHING_ASKED =
  "strays: which processes? --match REGEX, by their command lines, or --gpu, by what they hold";
/** Of pids in a warning: on a node that is very busy, none answers. */
const NAMED = 20;
/** Characters of a command line that are repeated when its process was ended. */
const COMMAND_CHARACTERS = 200;

function command() {
  return new Command("strays")
    .description(
      "Lists the processes whose command line matches, or that hold a GPU, and that belong to no job. With --kill, ends them one by one: first signal, " +
        "grace, KILL. Never listed: corral itself, its ancestors, every other corral, processes with `corral run` in their command " +
        "lines, and the main processes of the system's services.",
    )
    .option(
      "--match <REGEX>",
      "in the command line, its words joined by blanks; case matters",
      (text: string) => parseSelectivePattern("--match", text),
    )
    .option(
      "--ref-pattern <REGEX>",
      "what it finds, or its first group, is the ref: '--sid (\\S+)'",
      (text: string) => parsePattern("--ref-pattern", text),
    )
    .option(
      "--older-than <DURATION>",
      "only processes older than this",
      parserFor("--older-than", parseDurationMs),
    )
    .option("--user <USER>", "only processes of this effective user, by name or number")
    .option(
      "--exclude <REGEX>",
      "no process whose command line matches this",
      (text: string) => parsePattern("--exclude", text),
    )
    .option(
      "--orphaned",
      "only processes that init or a user's systemd has taken in, without terminal and login session",
    )
    .option(
      "--gpu",
      "only processes that hold a GPU, whatever their command line: then --match may be left out",
    )
    .option("--tree", "also what the matches have started, unless it is in a job")
    .option(
      "--status-command <CMD>",
      "shell command that reads refs, one a line, and prints REF STATUS; adds a column",
    )
    .option(
      "--finished-only",
      "only processes of jobs that their owner reports finished: needs refs and a status command",
    )
    .option("--kill", "end them; otherwise they are only listed")
    .option("--dry-run", "with --kill: only list them")
    .option("--yes", "with --kill: although the pattern matches nearly everything")
    .option(
      "--grace <DURATION>",
      "from the first signal to KILL (default: 2s)",
      parserFor("--grace", (text) => parseDurationMs(text, { zeroAllowed: true })),
    )
    .option("--signal <SIG>", "first signal (default: TERM)", parserFor("--signal", parseSignal))
    .option("--now", "no first signal, no grace")
    .option("--json", "print JSON");
}

type Options = ReturnType<ReturnType<typeof command>["opts"]>;

/** The sub-command, wired to `invoke`. */
export function straysVerb(invoke: Invoke) {
  const strays = command();
  strays.action((options) => invoke(strays, (context) => handleStrays(context, options)));
  return strays;
}

async function handleStrays(context: Context, options: Options): Promise<number> {
  if (options.match === undefined && !options.gpu) throw new UsageError(NOTHING_ASKED);
  const criteria: StrayCriteria = {
    match: options.match ?? null,
    gpu: options.gpu ?? false,
    refPattern: options.refPattern ?? null,
    olderThanMs: options.olderThan ?? null,
    uid: options.user === undefined ? null : await uidOf(options.user, context.run),
    tree: options.tree ?? false,
    exclude: options.exclude ?? null,
    orphanedFrom: options.orphaned ? sessionsOf(context.runDir) : null,
  };
  const { match } = options;
  if (match !== undefined && options.kill && !options.dryRun && !options.yes && isSweeping(match)) {
    throw new UsageError(
      `--match: ${quoted(match.source)} matches nearly every command line there is`,
      {
        remedy: "look first, without --kill; if all are meant: --yes",
      },
    );
  }
  const services = await servicePids(context);
  const found = await findStrays(context, criteria, services);
  sayUnanswered(context, found);
  const owner = await askOwnerOf(context, found.strays, {
    statusCommand: options.statusCommand ?? context.settings.statusCommand,
    refPattern: criteria.refPattern,
    finishedOnly: options.finishedOnly ?? false,
    finishedStatuses: context.settings.finishedStatuses,
  });
  const strays = found.strays.filter(owner.fits);
  return options.kill && !options.dryRun
    ? await kill(context, strays, { ...options, criteria, owner, services })
    : await show(context, strays, {
      statusOf: owner.statusOf,
      json: options.json ?? false,
      gpu: criteria.gpu ?? false,
    });
}

async function kill(
  context: Context,
  strays: readonly Stray[],
  { criteria, owner, services, ...options }: Options & {
    criteria: StrayCriteria;
    owner: OwnersView;
    services: ReadonlySet<number>;
  },
): Promise<number> {
  const stop = new StopSignals();
  stop.listen(ignoredSignals(context.procs.root));
  // As in `corral kill`: a first signal cuts the grace short, no signal stops the kill half-way.
  const hurry = new AbortController();
  stop.onSignal(() => hurry.abort());
  const result = await endStrays(strays, context, {
    criteria,
    look: async () => (await findStrays(context, criteria, services)).strays.filter(owner.fits),
    signal: options.now ? null : options.signal ?? parseSignal("TERM"),
    graceMs: options.grace ?? context.settings.graceMs,
    hurry: hurry.signal,
  });
  return tell(context, result, options);
}

function sayUnanswered(context: Context, { unanswered }: FoundStrays): void {
  if (unanswered.length === 0) return;
  context.say(
    `warning: ${unanswered.length} not looked at, no command line within ${
      formatDurationExact(READ_CAP_MS)
    }: ${unanswered.slice(0, NAMED).join(" ")}${unanswered.length > NAMED ? " …" : ""}`,
  );
}

async function show(
  context: Context,
  strays: readonly Stray[],
  { statusOf, json, gpu }: Pick<OwnersView, "statusOf"> & { json: boolean; gpu: boolean },
): Promise<number> {
  const nameOf = await namesOfUids(strays.map(({ process }) => process.uid), context.run);
  if (json) {
    context.stdout.write(
      toJson(strays.map((stray) => ({ ...strayJson(stray, nameOf), status: statusOf?.(stray) ?? null }))) +
        "\n",
    );
    return EXIT.DONE;
  }
  const rows = strays.map((stray) => ({
    pid: String(stray.process.pid),
    age: formatDuration(stray.process.ageMs),
    user: nameOf(stray.process.uid),
    cpu: formatCpuTime(stray.process.cpuUsageUsec),
    mem: formatOptionalBytes(stray.process.residentBytes),
    gpu: gpuWords(stray.process.gpus ?? []) ?? MISSING,
    ref: stray.ref ?? MISSING,
    status: statusOf?.(stray) ?? MISSING,
    command: commandOf(stray.process),
  }));
  const isAsked: Record<string, boolean> = { status: statusOf !== null, gpu };
  const columns = COLUMNS.filter(({ key }) => isAsked[key] ?? true);
  const { widthColumns } = context.stdout;
  context.stdout.write(await renderTable(columns, rows, { widthColumns, colour: context.colour }));
  return EXIT.DONE;
}

function strayJson({ process, ref, matched }: Stray, nameOf: (uid: number) => string) {
  return {
    pid: process.pid,
    ppid: process.ppid,
    user: nameOf(process.uid),
    uid: process.uid,
    state: process.state,
    ageMs: process.ageMs,
    cpuUsageUsec: process.cpuUsageUsec,
    residentBytes: process.residentBytes,
    cgroupPath: process.cgroupPath,
    ...(process.gpus === undefined ? {} : { gpus: process.gpus }),
    ref,
    matched,
    command: process.words,
  };
}

/** As ps(1), names a process without a command line in brackets. */
function commandOf(process: Process): string {
  return commandLine(process) ?? `[${process.name}]`;
}

function tell(context: Context, { ended, newer }: EndedStrays, options: Options): number {
  if (options.json) {
    const rows = ended.map(({ pid, ended, because, stray }) => ({
      pid,
      uid: stray.process.uid,
      ref: stray.ref,
      command: stray.process.words,
      ended,
      because,
    }));
    context.stdout.write(toJson(rows) + "\n");
  } else {
    const signal = options.signal?.name ?? "TERM";
    for (const one of ended) {
      const command = shortened(printable(commandOf(one.stray.process)), COMMAND_CHARACTERS);
      context.stdout.write(`${one.pid} ${outcome(one, signal)} (${command})\n`);
    }
  }
  if (newer.length > 0) {
    const pids = newer.map(({ process }) => process.pid).join(" ");
    context.say(`${newer.length} started meanwhile and left alone, run it again: ${pids}`);
  }
  const bad = ended.some(({ ended }) => ended === "alive" || ended === "refused");
  return bad || newer.length > 0 ? EXIT.NEGATIVE : EXIT.DONE;
}

function outcome({ ended, because }: EndedStray, firstSignal: string): string {
  switch (ended) {
    case "term":
      return `ended: ${firstSignal}`;
    case "kill":
      return "ended: KILL";
    case "gone-before":
      return "gone before it was signalled";
    case "changed":
      return "left alone: it is no stray any more";
    case "refused":
      return `refused: ${because}`;
    case "alive":
      return `still alive: ${because}`;
  }
}
