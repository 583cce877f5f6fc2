/** From the options of `corral report` to what is asked for; every contradiction is a UsageError. */
import type { Context } from "./context.ts";
import { parserFor, UsageError } from "../base/errors.ts";
import { hostName, onlineCpus } from "../linux/node_facts.ts";
import { sqliteGlob } from "../value/glob.ts";
import { parseSince } from "../value/since.ts";
import type { Tag } from "../value/tag.ts";
import { chooseColumns, chooseOrder, type Order } from "../view/choose_columns.ts";
import { groupColumns } from "../view/report/group_columns.ts";
import { localTime } from "../value/local_time.ts";
import { PAGE_COLUMNS, REPORT_COLUMNS, type ReportColumn, withHost } from "../view/report/columns.ts";
import type { ReportFilter } from "../store/query.ts";
import type { GroupKey } from "../store/report_fields.ts";
import type { Format, ReportRequest, Rows } from "../view/report/request.ts";

/** As they come from the command line. */
export interface ReportOptions {
  since?: string;
  until?: string;
  name?: string;
  ref?: string;
  user?: string;
  reason?: string;
  tag?: Tag[];
  by?: GroupKey;
  advise?: true;
  sort?: string;
  limit?: number;
  columns?: string;
  format?: Format;
  json?: true;
  truncate?: true;
  all?: true;
  failed?: true;
  last?: number;
  wide?: true;
  mine?: true;
  from?: string;
}

/** Throws UsageError. */
export function reportRequest(context: Context, options: ReportOptions): ReportRequest {
  const format = formatOf(options);
  refuseContradictions(format, options);
  const isByDefault = options.from === undefined && isSinceYesterday(options, format);
  const asked = isByDefault ? { ...options, since: DEFAULT_SINCE } : options;
  const filter: ReportFilter = { ...filterOf(context, asked), live: new Map() };
  return {
    filter,
    format,
    rows: rowsOf(options, format),
    limit: options.limit ?? options.last ?? null,
    isWide: (options.wide ?? false) || options.columns !== undefined,
    about: inWords(filter, options) + (isByDefault ? ` (${ALL_HINT})` : ""),
    host: filter.host,
    nodes: [],
  };
}

/** Without a window, what a person asks about: last night, and the day before it. */
const DEFAULT_SINCE = "yesterday";
const ALL_HINT = "--all: all on record";

/** Only where a heading can say so: a program that reads the rows must not miss any unasked. */
function isSinceYesterday({ since, until, all, last, truncate }: ReportOptions, format: Format): boolean {
  const hasWindow = [since, until, all, last, truncate].some((given) => given !== undefined);
  return !hasWindow && (format === "table" || format === "html");
}

function formatOf({ format, json }: ReportOptions): Format {
  if (json && format !== undefined && format !== "json") {
    throw new UsageError(`--json is --format json, and not ${format}`);
  }
  return json ? "json" : format ?? "table";
}

function refuseContradictions(format: Format, options: ReportOptions): void {
  const { by, advise, sort, limit, columns, truncate, since, until, all, last, from, mine } = options;
  if (all && (since !== undefined || until !== undefined)) {
    throw new UsageError("--all and a window contradict each other", { remedy: "leave out --all" });
  }
  if (from !== undefined && mine) {
    throw new UsageError("--from reads reports, and no store: --mine has no meaning for it");
  }
  const other = Object.entries({ by, sort, limit }).find(([, value]) => value !== undefined);
  if (last !== undefined && other !== undefined) {
    throw new UsageError(`--last has an order and a limit of its own: it does not go with --${other[0]}`);
  }
  if (truncate && since === undefined && until === undefined) {
    throw new UsageError("--truncate needs a window", { remedy: "add --since or --until" });
  }
  if (advise && by === undefined) {
    throw new UsageError("--advise is about groups of jobs", { remedy: "add --by name" });
  }
  if (columns !== undefined && (format === "json" || format === "jsonl")) {
    throw new UsageError(`--columns is for tables and CSV, ${format} has every field`);
  }
  if (format !== "openmetrics") return;
  if (by === "day") throw new UsageError("--by day makes a new series every day", { remedy: "--by reason" });
  const given = Object.entries({ advise, sort, limit, columns }).find(([, value]) => value !== undefined);
  if (given !== undefined) throw new UsageError(`--${given[0]} has no meaning for openmetrics`);
}

function filterOf(context: Context, options: ReportOptions): Omit<ReportFilter, "live"> {
  const nowMs = context.clock.wallMs();
  const moment = (option: "since" | "until") => {
    const text = options[option];
    const parse = parserFor(`--${option}`, (given) => parseSince(given, new Date(nowMs)).getTime());
    return text === undefined ? null : parse(text);
  };
  const [sinceMs, untilMs] = [moment("since"), moment("until")];
  if (sinceMs !== null && untilMs !== null && sinceMs >= untilMs) {
    throw new UsageError(`--since ${localTime(sinceMs)} is not before --until ${localTime(untilMs)}`);
  }
  if (sinceMs !== null && sinceMs > nowMs) {
    throw new UsageError(`--since ${localTime(sinceMs)} is in the future`);
  }
  const { name, ref, user, reason, tag } = options;
  return {
    sinceMs,
    untilMs,
    nameGlob: name === undefined ? null : parserFor("--name", sqliteGlob)(name),
    ref: ref ?? null,
    user: user ?? null,
    reason: reason ?? null,
    tags: tag ?? [],
    nowMs,
    cores: onlineCpus(context.procs.root),
    host: hostName(context.procs.root) ?? "this node",
    isTruncated: options.truncate ?? false,
    ...(options.from === undefined ? {} : { isMerged: true as const }),
    ...(options.failed ? { isFailedOnly: true as const } : {}),
  };
}

function rowsOf({ by, advise, columns, sort, last, from }: ReportOptions, format: Format): Rows {
  if (by === undefined) {
    const usual = usualColumns(format);
    return {
      kind: "jobs",
      columns: columns !== undefined
        ? chooseColumns(columns, REPORT_COLUMNS)
        : from === undefined
        ? usual
        : withHost(usual),
      order: orderOf(last === undefined ? sort : "-started", REPORT_COLUMNS),
    };
  }
  const isAdvising = advise ?? false;
  const all = groupColumns(by, isAdvising);
  const shown = columns === undefined ? all.filter(({ isExtra }) => !isExtra) : chooseColumns(columns, all);
  return { kind: "groups", by, advise: isAdvising, columns: shown, order: orderOf(sort, all) };
}

function usualColumns(format: Format): ReportColumn[] {
  if (format === "html") return [...PAGE_COLUMNS];
  return REPORT_COLUMNS.filter(({ isExtra, isForCsv }) => !isExtra || isForCsv && format === "csv");
}

function orderOf<C extends { readonly key: string }>(
  sort: string | undefined,
  known: readonly C[],
): Order<C> | null {
  return sort === undefined ? null : chooseOrder(sort, known);
}

function inWords(
  { sinceMs, untilMs, tags }: ReportFilter,
  { name, ref, user, reason, sort, limit, failed, last }: ReportOptions,
): string {
  const words = [
    ...(sinceMs === null ? [] : [`since ${localTime(sinceMs)}`]),
    ...(untilMs === null ? [] : [`until ${localTime(untilMs)}`]),
    ...Object.entries({ name, ref, user, reason }).flatMap(([key, value]) =>
      value === undefined ? [] : [`${key} ${value}`]
    ),
    ...tags.map(({ key, value }) => `${key}=${value}`),
  ];
  const which = failed ? "failed jobs" : "jobs";
  const jobs = words.length === 0 ? `all ${which} on record` : `${which} ${words.join(", ")}`;
  if (last !== undefined) return `${jobs}, the last ${last}`;
  const order = sort === undefined ? "" : `, by ${sort}`;
  return `${jobs}${order}${limit === undefined ? "" : `, the first ${limit} rows`}`;
}
