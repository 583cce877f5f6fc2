/** Something that a sweep reports and does not act upon. */
export interface Finding {
  kind:
    | "foreign-cgroup"
    | "other-namespace"
    | "other-boot"
    | "unknown-cgroup"
    | "escapee"
    | "unreadable"
    | "unclear-answer";
  /** The same as long as it is the same thing that is found. */
  key: string;
  /** Of the job that it is about. */
  id: string | null;
  pid: number | null;
  /** One line. */
  message: string;
}
