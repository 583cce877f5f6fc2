/** What a report is asked for, all values read. */
import type { ReportEnd } from "../../job/report_end.ts";
import type { ReportFilter } from "../../store/query.ts";
import type { GroupKey } from "../../store/report_fields.ts";
import type { Order } from "../choose_columns.ts";
import type { ReportColumn } from "./columns.ts";
import type { GroupColumn } from "./group_columns.ts";

/** Ways in which a report can be written. */
export const FORMATS = ["table", "json", "jsonl", "csv", "openmetrics", "html"] as const;

/** One of FORMATS. */
export type Format = (typeof FORMATS)[number];

/** Jobs, or groups of them. */
export type Rows =
  | { kind: "jobs"; columns: ReportColumn[]; order: Order<ReportColumn> | null }
  | {
    kind: "groups";
    by: GroupKey;
    advise: boolean;
    columns: GroupColumn[];
    order: Order<GroupColumn> | null;
  };

/** What is asked for. */
export interface ReportRequest {
  filter: ReportFilter;
  format: Format;
  rows: Rows;
  limit: number | null;
  /** All columns, whatever the terminal's width. */
  isWide: boolean;
  /** Which jobs, in words. */
  about: string;

  /** The node, or what stands for many. */
  host: string;
  /** The nodes whose jobs these are, each with whether all of them are there. */
  nodes: readonly Omit<ReportEnd, "rows">[];
}
