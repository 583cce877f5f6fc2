import type { ReportFilter } from "../../../src/store/query.ts";

/** All jobs on record. */
export const ANY_JOB: ReportFilter = {
  sinceMs: null,
  untilMs: null,
  nameGlob: null,
  ref: null,
  user: null,
  reason: null,
  tags: [],
  nowMs: 0,
  cores: 4,
  host: "node7",
  live: new Map(),
  isTruncated: false,
};
