/** What the report's two kinds of columns, of jobs and of groups of jobs, have in common. */
import type { Column } from "./table.ts";

export type { Value } from "../store/pages.ts";

/** A value that is there. */
export type Present = string | number;

/** A column that can be shown to people and written for programs. */
export interface ShownColumn extends Column {
  /** Its name in CSV, with the unit: that of the job's JSON where it is the same figure. */
  readonly jsonKey: string;
  /** For people. */
  readonly show: (value: Present) => string;
  /** For programs; by default the value itself. */
  readonly write?: (value: Present) => Present;
}
