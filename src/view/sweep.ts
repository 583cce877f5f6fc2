/** What a sweep says: a line for each act and finding, rows of its dry run, and the same as JSON. Pure. */
import { runningFacts } from "../job/job.ts";
import { stillAlive } from "../job/outcome.ts";
import type { Finding } from "../job/finding.ts";
import type { SweepAct } from "../act/sweep/sweep.ts";
import type { Escapee } from "../observe/escapees.ts";
import type { EndedProcess, HowEnded } from "../act/end/end_processes.ts";
import { printable, quoted, shortened } from "../base/text.ts";
import type { Column } from "./table.ts";
import { MISSING } from "../value/units.ts";

const LABEL_CHARACTERS = 60;
/** Severities of syslog(3), as journald reads them from the head of a line (sd-daemon(3)). */
const SEVERITY = { error: "<3>", warning: "<4>", notice: "<5>" } as const;

/** Columns of what `--dry-run` shows. */
export const PLAN_COLUMNS: readonly Column[] = [
  { key: "id", title: "id", align: "left" },
  { key: "name", title: "name", align: "left", shrink: true },
  { key: "ref", title: "ref", align: "left", shrink: true },
  { key: "user", title: "user", align: "left" },
  { key: "state", title: "state", align: "left" },
  { key: "action", title: "action", align: "left" },
  { key: "reason", title: "reason", align: "left" },
];

/** One row of PLAN_COLUMNS. */
export function planRow({ job, action, reason }: SweepAct): Record<string, string> {
  const { id, name, ref, user } = job.spec;
  const words = { end: "end", finish: "end", collect: "collect", release: "let go" };
  return { id, name, ref: ref ?? MISSING, user, state: job.phase.state, action: words[action], reason };
}

/** `7k2m9q ended: orphaned (fastsurfer, ref task-81)`. `forJournal` puts the severity before it. */
export function actLine(act: SweepAct, forJournal: boolean): string {
  const { id, name, ref } = act.job.spec;
  const who = [name, ...(ref === null ? [] : [`ref ${ref}`])].map((word) =>
    shortened(word, LABEL_CHARACTERS)
  );
  const severity = act.outcome === "failed" || act.outcome === "alive" ? "error" : "notice";
  return `${forJournal ? SEVERITY[severity] : ""}${
    printable(`${id} ${whatHappened(act)} (${who.join(", ")})`)
  }`;
}

function whatHappened({ job, action, reason, outcome, survivors, message }: SweepAct): string {
  switch (outcome) {
    case "failed":
      return `not ended: ${message}`;
    case "alive":
      return `not ended: ${stillAlive(survivors)}: corral show ${job.spec.id}`;
    case "grace":
      return `told to end: ${reason}; its grace goes on`;
    default:
      return `${DONE[action]}: ${reason}`;
  }
}

const DONE = {
  end: "ended",
  finish: "ended",
  collect: "collected",
  release: "let go of what a broken-off adoption had moved",
};

/** The finding as a line. */
export function findingLine({ message }: Finding, forJournal: boolean): string {
  return `${forJournal ? SEVERITY.warning : ""}${printable(message)}`;
}

/** What became of an escapee, and how serious that is. */
const OUTCOMES: Record<HowEnded, { words: string; severity: keyof typeof SEVERITY }> = {
  "term": { words: "ended: TERM", severity: "notice" },
  "kill": { words: "ended: KILL", severity: "notice" },
  "gone-before": { words: "has ended by itself", severity: "notice" },
  "changed": { words: "left alone: it is another program by now", severity: "notice" },
  "refused": { words: "not ended", severity: "error" },
  "alive": { words: "not ended", severity: "error" },
};

/** `process 4711 "conmon" of job 7k2m9q, outside of it, ended: TERM`. */
export function escapeeLine(escapee: Escapee, { ended, because }: EndedProcess, forJournal: boolean): string {
  const { words, severity } = OUTCOMES[ended];
  const { process, name, job } = escapee;
  const why = because === null ? "" : `: ${because}`;
  return (forJournal ? SEVERITY[severity] : "") +
    printable(`process ${process.pid} ${quoted(name)} of job ${job.spec.id}, outside of it, ${words}${why}`);
}

/** True for an outcome after which the process is not there any more, or is none of ours. */
export function isGoneNow(ended: HowEnded): boolean {
  return OUTCOMES[ended].severity !== "error";
}

/** An escapee that was to be ended. */
export function escapeeJson({ process, job, name, cgroupPath }: Escapee, { ended, because }: EndedProcess) {
  return { pid: process.pid, id: job.spec.id, name, cgroupPath, ended, because };
}

/** An act with the keys of the job's own JSON. */
export function actJson({ job, action, reason, outcome, survivors, message }: SweepAct) {
  const { id, name, ref, user } = job.spec;
  const cgroupPath = runningFacts(job)?.cgroup.path ?? null;
  return {
    id,
    name,
    ref,
    user,
    state: job.phase.state,
    cgroupPath,
    action,
    reason,
    outcome,
    survivors,
    message,
  };
}
