/** What a report costs beside the same query in the sqlite3 shell, and how much memory it takes for how many rows. */
import { runCommand } from "../kit/machine/command.ts";
import { REPORT_COLUMNS } from "../../src/view/report/columns.ts";
import { valueRows } from "../../src/store/query.ts";
import { fieldSql } from "../../src/store/report_fields.ts";
import { ANY_JOB } from "../kit/fakes/report_filter.ts";
import { type Aim, figure, printTable, ratio } from "./bench.ts";
import { median } from "./statistics.ts";

const ROWS = 1_000_000;
const ROUNDS = 7;
const WARM_UPS = 1;
const TIMEOUT_MS = 900_000;
const AIM_RATIO = 1.5;
const LIMITS = [10_000, 100_000, ROWS];
const AIM_MEMORY_MB = 32;
const KIB_PER_MB = 1_000_000 / 1024;
const DAY_MS = 86_400_000;

const ANY = { ...ANY_JOB, nowMs: Date.now(), cores: 2 };
const SHOWN = REPORT_COLUMNS.filter(({ isExtra }) => !isExtra);

/** corral's own columns, with a time as people read it. */
const COLUMNS_SQL = SHOWN.map(({ key, jsonKey }) =>
  `${
    key === "started"
      ? `strftime('%Y-%m-%d %H:%M:%S', (${fieldSql(jsonKey)}) / 1000, 'unixepoch', 'localtime')`
      : fieldSql(jsonKey)
  } AS "${key}"`
).join(", ");

/** The sqlite3 shell has nothing for percentiles: the smallest value that 95 % do not exceed, from three numberings. */
const GROUPS_SQL = `WITH numbered AS (SELECT name, reason = 'exited' AND exit_code IS 0 AS well,
    wall_ms, row_number() OVER (PARTITION BY name ORDER BY wall_ms) AS wall_rank,
    cpu_usage_usec, row_number() OVER (PARTITION BY name ORDER BY cpu_usage_usec) AS cpu_rank,
    memory_peak_bytes, row_number() OVER (PARTITION BY name ORDER BY memory_peak_bytes) AS memory_rank,
    count(*) OVER (PARTITION BY name) AS n
  FROM jobs WHERE_CLAUSE)
  SELECT name, count(*), sum(NOT well), ${
  [["wall_ms", "wall_rank"], ["cpu_usage_usec", "cpu_rank"], ["memory_peak_bytes", "memory_rank"]].map((
    [value, rank],
  ) =>
    [50, 95].map((percent) => `max(${value}) FILTER (WHERE ${rank} <= (n * ${percent} + 99) / 100)`).join(
      ", ",
    ) +
    `, max(${value})`
  ).join(", ")
} FROM numbered GROUP BY name;`;

interface Case {
  /** Arguments of corral report. */
  corral: string[];
  /** What the shell is given; the aim is measured by the first. */
  shell: Record<string, string>;
}

interface Result {
  times: Record<string, Record<string, number[]>>;
  memory: Record<string, number[]>;
}

/** `bare` is an empty compiled program. Runs on this machine itself, which needs sqlite3 and python3. */
export async function benchReport(programs: { corral: string; bare: string }): Promise<Aim[]> {
  const cases = benchCases();
  const options = {
    ...programs,
    rows: ROWS,
    rounds: ROUNDS,
    warmUps: WARM_UPS,
    cases,
    streams: { csv: ["--format", "csv"], jsonl: ["--format", "jsonl"] },
    limits: LIMITS,
  };
  const program = new URL("measure_report.py", import.meta.url).pathname;
  const stdout = await runCommand(["python3", program, JSON.stringify(options)], { timeoutMs: TIMEOUT_MS });
  const { times, memory }: Result = JSON.parse(stdout);
  await printTimes(cases, times);
  await printMemory(memory);
  return [
    ...Object.entries(times).map(([name, all]) => timeAim(name, cases[name]!, all)),
    ...Object.entries(memory).map(([name, kib]) => memoryAim(name, kib)),
  ];
}

function benchCases(): Record<string, Case> {
  const shell = (mode: string, select: string, sinceMs: number | null) =>
    `.mode ${mode}\n.headers on\n${withParameters(`SELECT ${select} FROM jobs`, sinceMs)}`;
  const now = Date.now();
  return {
    "--since 24h": {
      corral: ["--since", "24h"],
      shell: {
        "sqlite3 .mode column": shell("column", COLUMNS_SQL, now - DAY_MS),
        "sqlite3 .mode list": shell("list", COLUMNS_SQL, now - DAY_MS),
      },
    },
    "--by name --since 30d": {
      corral: ["--by", "name", "--since", "30d"],
      shell: { "sqlite3": withWhere(GROUPS_SQL, now - 30 * DAY_MS) },
    },
    "--format csv": {
      corral: ["--format", "csv"],
      shell: { "sqlite3 .mode csv": shell("csv", COLUMNS_SQL, null) },
    },
  };
}

/** corral's own WHERE and ORDER BY, with its parameters written out: all are numbers. */
function withParameters(sql: string, sinceMs: number | null): string {
  const { where, order, values } = valueRows([], { ...ANY, sinceMs });
  return Object.entries(values).reduce(
    (text, [name, value]) => text.replaceAll(`:${name}`, String(value)),
    `${sql} WHERE ${where ?? "true"} ORDER BY ${order ?? "created_at_ms, rowid"};`,
  );
}

function withWhere(sql: string, sinceMs: number): string {
  return sql.replace("WHERE_CLAUSE", withParameters("", sinceMs).replace(/ORDER BY.*$/, ""));
}

async function printTimes(cases: Record<string, Case>, times: Result["times"]): Promise<void> {
  console.log(`report: beside ${ROWS} ended jobs of 90 days, median ms of ${ROUNDS} interleaved rounds`);
  const rows = Object.entries(times).flatMap(([name, all]) => {
    const base = median(all[firstShell(cases[name]!)]!);
    return Object.entries(all).map(([program, ms]) => [
      `${name}: ${program}`,
      figure(median(ms)),
      figure(Math.min(...ms)),
      ratio(median(ms), base),
    ]);
  });
  await printTable(["report", "median", "least", "ratio"], rows);
}

async function printMemory(memory: Result["memory"]): Promise<void> {
  console.log("report: most memory at once (RSS), MB, by number of rows");
  const rows = Object.entries(memory).map((
    [name, kib],
  ) => [name, ...kib.map((one) => figure(one / KIB_PER_MB))]);
  await printTable(["format", ...LIMITS.map(String)], rows);
}

function firstShell({ shell }: Case): string {
  return Object.keys(shell)[0]!;
}

function timeAim(name: string, one: Case, times: Record<string, number[]>): Aim {
  const bareMs = median(times["bare"]!);
  const shellMs = median(times[firstShell(one)]!);
  const corralMs = median(times["corral"]!);
  const aimMs = AIM_RATIO * shellMs + bareMs;
  return {
    what: `report ${name} within ${AIM_RATIO} x ${firstShell(one)} + bare binary (${figure(aimMs)} ms): ${
      figure(corralMs)
    } ms`,
    met: corralMs <= aimMs,
  };
}

function memoryAim(name: string, kib: readonly number[]): Aim {
  const [, middle, most] = kib.map((one) => one / KIB_PER_MB);
  return {
    what: `report --format ${name}: ${LIMITS[2]} rows take at most ${AIM_MEMORY_MB} MB more than ${
      LIMITS[1]
    }: ${figure(most! - middle!)} MB`,
    met: most! - middle! <= AIM_MEMORY_MB,
  };
}
