/** `corral report`: what jobs used. */
import { Command } from "@commander-js/extra-typings";
import type { Invoke } from "../verb.ts";
import type { Context } from "../context.ts";
import { EXIT, parserFor, UsageError } from "../../base/errors.ts";
import { quoted } from "../../base/text.ts";
import { choiceOf } from "../../value/choice.ts";
import { parseRows } from "../../value/count.ts";
import { END_REASONS } from "../../job/job.ts";
import { parseRef } from "../../value/name.ts";
import { parseTag, type Tag } from "../../value/tag.ts";
import { chunks } from "../../view/report/chunks.ts";
import { GROUP_KEYS, type GroupKey } from "../../store/report_fields.ts";
import { readLiveUsage } from "../../observe/live.ts";
import type { JobStore } from "../../store/jobs.ts";
import { JSON_SCHEMA } from "../../view/report/json_schema.ts";
import { toJson } from "../../base/json.ts";
import { ReportSource } from "../../view/report/source.ts";
import { reportText } from "../../view/report/text.ts";
import { FORMATS, type ReportRequest } from "../../view/report/request.ts";
import { fromHere } from "../../base/path.ts";
import { writeWhole } from "../../linux/whole_file.ts";
import { REPORT_COLUMNS } from "../../view/report/columns.ts";
import { choiceOption, wordOption } from "../choice_option.ts";
import { jobsInSight } from "../in_sight.ts";
import { counted, mergedReports } from "../merged_reports.ts";
import { reportSinceCursor } from "../report_cursor.ts";
import { reportRequest } from "../report_request.ts";

const REASONS = [
  ...Object.keys(END_REASONS) as (keyof typeof END_REASONS)[],
  "starting",
  "running",
  "ending",
] as const;

const COLUMNS = REPORT_COLUMNS.map(({ key }) => key);

function parseBy(text: string): GroupKey {
  if (!text.startsWith("tag:")) return choiceOf("--by", [...GROUP_KEYS, "tag:KEY"]).parse(text) as GroupKey;
  const { key } = parserFor("--by", parseTag)(`${text.slice("tag:".length)}=`);
  return `tag:${key}`;
}

/** What live jobs have used so far; of one that cannot be read, nothing, and nothing of an id that two users' stores have. */
function liveUsage(context: Context, store: JobStore) {
  const live = store.live(() => {}).filter(({ phase }) => phase.state !== "ended");
  const byId = Map.groupBy(live, ({ spec }) => spec.id);
  return new Map([...byId].flatMap(([id, [job, ...others]]) => {
    const usage = others.length > 0 ? null : readLiveUsage(context, job!);
    return usage === null ? [] : [[id, usage]];
  }));
}

/** `failed` is several reasons. */
function parseReason(text: string): typeof REASONS[number] {
  if (/^fail(ed|ure)?$/i.test(text)) {
    throw new UsageError(`--reason: ${quoted(text)} is several reasons`, {
      remedy: "corral report --failed",
    });
  }
  return choiceOf("--reason", REASONS).parse(text);
}

/** `--last 24h` is a window. */
function parseLast(text: string): number {
  if (/^\d+[a-z]+$/i.test(text)) {
    throw new UsageError(`--last: ${quoted(text)} is no number of jobs`, {
      remedy: `--since ${text} looks back in time`,
    });
  }
  return parserFor("--last", parseRows)(text);
}

function command() {
  return new Command("report")
    .description(
      "Lists what jobs used, oldest first: ended jobs, and live ones with what is known of them. A figure that the kernel did " +
        "not give is -. cpu% is of the job's CPU quota or else of the node, mem% of its memory limit.",
    )
    .option(
      "--since <SINCE>",
      "jobs that ran after: 24h, 7d, today, 2026-11-01, 2026-11-01T08:00[:05][+01:00]",
    )
    .option("--until <SINCE>", "jobs that ran before")
    .option(
      "--all",
      "all jobs on record; a table or page without --since, --until or --last has those since yesterday",
    )
    .option("--last <N>", "the N newest jobs, newest first", parseLast)
    .option("--failed", "jobs that ended otherwise than by exiting with 0, also those that never started")
    .option("--name <GLOB>", "jobs of that name; *, ? and [a-z] as in a shell")
    .option("--ref <REF>", "jobs of that ref", parserFor("--ref", parseRef))
    .option("--user <USER>", "jobs of that user, name or uid")
    .option("--from <FILE>", "what many nodes printed with --format jsonl, merged; - for standard input")
    .option(
      "--cursor <FILE>",
      "with --format jsonl: ended jobs that were not printed before; FILE has how far that was; --output then appends",
    )
    .option("--mine", "root's own jobs only; any other user sees no others")
    .addOption(choiceOption(
      "--reason <REASON>",
      "jobs that ended so, or: starting, running, ending",
      { values: REASONS, parse: parseReason },
    ))
    .option(
      "--tag <KEY=VALUE>",
      "jobs with that tag, repeatable: all of them",
      (text, tags: Tag[] = []) => [...tags, parserFor("--tag", parseTag)(text)],
    )
    .addOption(choiceOption(
      "--by <KEY>",
      "a row for each name, user, reason, day (of the start), host or tag:KEY",
      { values: GROUP_KEYS, parse: parseBy },
    ))
    .option(
      "--truncate",
      "with --since or --until: only what falls between them counts; CPU time in proportion",
    )
    .option("--advise", "with --by: limits that would have fitted (p95 + 20 %), where enough jobs ended well")
    .addOption(
      wordOption(
        "--sort <COLUMN>",
        "smallest first; -COLUMN for largest first; what is not known comes last",
        COLUMNS,
      ),
    )
    .option("--limit <N>", "the first N rows", parserFor("--limit", parseRows))
    .option("--wide", "all columns, also where the terminal is too narrow for them")
    .option("--output <FILE>", "write to FILE, which is replaced when all is written")
    .addOption(
      wordOption(
        "--columns <A,B>",
        "these columns, separated by commas; an unknown one names all there are",
        COLUMNS,
      ),
    )
    .addOption(choiceOption(
      "--format <FORMAT>",
      `${FORMATS.join(", ")} (default: table)`,
      choiceOf("--format", FORMATS),
    ))
    .option("--json", "the same as --format json")
    .option("--schema", "print the JSON Schema of all JSON about jobs");
}

/** The sub-command, wired to `invoke`. */
export function reportVerb(invoke: Invoke) {
  const report = command();
  report.action((options) =>
    invoke(report, async (context) => {
      if (!options.schema) return await writeReport(context, options);
      context.stdout.write(`${toJson(JSON_SCHEMA)}\n`);
      return EXIT.DONE;
    })
  );
  return report;
}

type Options = ReturnType<ReturnType<typeof command>["opts"]>;

async function print(context: Context, source: ReportSource, request: ReportRequest): Promise<void> {
  const { isTerminal, widthColumns } = context.stdout;
  const lines = await reportText(source, request, { isTerminal, widthColumns, colour: context.colour });
  for (const text of chunks(lines)) {
    // After `| head` has gone, the other million rows need not be read.
    if (!context.stdout.write(text)) return;
  }
}

/** The jobs of a report, and what is left to be known of it. */
interface Sight {
  store: JobStore;
  isWhole: boolean;
  request: ReportRequest;
}

async function inSight(context: Context, request: ReportRequest, options: Options): Promise<Sight> {
  if (options.from !== undefined) {
    const { store, nodes, isWhole } = mergedReports(context, options.from);
    const host = counted(nodes.length, "node");
    return { store, isWhole, request: { ...request, nodes, host, about: `${request.about}, of ${host}` } };
  }
  const { store, isWhole } = await jobsInSight(context, "report", {
    ...options,
    jobs: { which: "since", sinceMs: Math.max(0, Math.floor(request.filter.sinceMs ?? 0)) },
  });
  const live = liveUsage(context, store);
  const nodes = [{ host: request.host, whole: isWhole }];
  return { store, isWhole, request: { ...request, nodes, filter: { ...request.filter, live } } };
}

/** Exit 1 when a user's jobs, or a node's, are not all in it. */
async function writeReport(context: Context, options: Options): Promise<number> {
  // What contradicts itself is refused before a store is looked for.
  const asked = reportRequest(context, options);
  const { cursor } = options;
  if (cursor !== undefined) return await reportSinceCursor(context, asked, { ...options, cursor });
  const { store, isWhole, request } = await inSight(context, asked, options);
  const { progress } = context;
  const onRows = progress.isSeen ? (count: number) => progress.tell(() => `${count} rows read`) : null;
  const source = new ReportSource(store, request.filter, onRows);
  if (options.output === undefined) await print(context, source, request);
  else {
    const plain = { isTerminal: false, widthColumns: null, colour: false };
    writeWhole(fromHere(context.cwd, options.output), chunks(await reportText(source, request, plain)));
  }
  return isWhole ? EXIT.DONE : EXIT.NEGATIVE;
}
