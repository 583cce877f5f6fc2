/** From a selector to the rows that it means: by the id, then the ref, then the name, then the beginning of the id. */
import type { SQLInputValue } from "node:sqlite";
import type { Job } from "../job/job.ts";
import type { Selector } from "../value/selector.ts";

/** The jobs, and what of them was meant. */
export interface Found {
  by: "id" | "ref" | "name" | "prefix" | "last";
  jobs: Job[];
}

const LIVE = "(state <> 'ended' OR survivors <> '[]')";
const NEWEST = "ORDER BY created_at_ms DESC, rowid DESC";
/** Of ended ones of one name; a user who means an older one gives its id. */
const ENDED = 100;
const PREFIXED = 100;

type Read = (where: string, ...values: SQLInputValue[]) => Job[];

/** Live jobs, and the last ended ones: as many as the parameter says. */
export function recentSql(parameter: string): string {
  return `(${LIVE} OR rowid IN (SELECT rowid FROM jobs WHERE NOT ${LIVE} ${NEWEST} LIMIT ${parameter}))`;
}

/** All live ones, then the last ended ones, newest first; each search has an index. */
export function findJobs(selector: Selector, read: Read): Found {
  switch (selector.kind) {
    case "name":
      return { by: "name", jobs: bearing("name", selector.name, read) };
    case "ref":
      return { by: "ref", jobs: bearing("ref", selector.ref, read) };
    case "last":
      return { by: "last", jobs: read(`true ${NEWEST} LIMIT 1`) };
    case "word":
      return findWord(selector, read);
  }
}

function findWord({ word, id, prefix }: Extract<Selector, { kind: "word" }>, read: Read): Found {
  const searches: [Found["by"], () => Job[]][] = [
    ["id", () => id === null ? [] : read("id = ?", id)],
    ["ref", () => bearing("ref", word, read)],
    ["name", () => bearing("name", word, read)],
    [
      "prefix",
      () =>
        prefix === null ? [] : read(`id >= ? AND id < ? ${NEWEST} LIMIT ${PREFIXED}`, prefix, `${prefix}~`),
    ],
  ];
  for (const [by, search] of searches) {
    const jobs = search();
    if (jobs.length > 0) return { by, jobs };
  }
  return { by: "prefix", jobs: [] };
}

function bearing(column: "name" | "ref", word: string, read: Read): Job[] {
  return [
    ...read(`${column} = ? AND ${LIVE} ${NEWEST}`, word),
    ...read(`${column} = ? AND NOT ${LIVE} ${NEWEST} LIMIT ${ENDED}`, word),
  ];
}
