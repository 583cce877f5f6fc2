/** The keys of the configuration file as the manual has them; settings/read.ts reads them. */

/** One key. `type`, `fallback` and `help` are Markdown. */
export interface SettingKey {
  readonly key: string;
  readonly type: string;
  readonly fallback: string;
  /** Whole sentences. */
  readonly help: string;
}

/** In the order of the manual. */
export const SETTING_KEYS: readonly SettingKey[] = [
  {
    key: "state-dir",
    type: "path",
    fallback: "`/var/lib/corral` for root, `$XDG_STATE_HOME/corral` (`~/.local/state/corral`) for a user",
    help: "Where the store is. `--state-dir` and `CORRAL_STATE_DIR` go before it.",
  },
  {
    key: "backend",
    type: '`"auto"`, `"systemd"` or `"cgroupfs"`',
    fallback: '`"auto"`: systemd where it runs, else cgroupfs',
    help: "What makes the cgroup of a job. `--backend` goes before it.",
  },
  {
    key: "grace",
    type: "duration, as text",
    fallback: '`"2s"`',
    help: "The time from the first signal to KILL. `--grace` goes before it.",
  },
  {
    key: "best-effort",
    type: "boolean",
    fallback: "`false`",
    help:
      "Whether jobs run although a limit cannot be enforced here, with a warning in place of an error. `--best-effort` does so for one job.",
  },
  {
    key: "on-orphan",
    type: '`"kill"` or `"keep"`',
    fallback: '`"kill"`',
    help:
      "What a sweep does with a live job whose supervisor is gone. A job that is kept still ends at its deadline.",
  },
  {
    key: "escapees",
    type: '`"report"` or `"kill"`',
    fallback: '`"report"`',
    help:
      "What a sweep does with processes that left the cgroup of their job. They are ended only when the job is over.",
  },
  {
    key: "status-command",
    type: "shell command line",
    fallback: "none",
    help: "Asks the owner of the jobs which of them are finished: see corral-sweep(1).",
  },
  {
    key: "finished-statuses",
    type: "list of words",
    fallback: "`[]`",
    help:
      "Words of the status command that mean finished, in any case, in addition to `completed`, `failed`, `cancelled` and the other final states of Slurm.",
  },
  {
    key: "strikes",
    type: "whole number from 1",
    fallback: "`2`",
    help: "How many sweeps in a row must get the answer that a job is finished before one ends it.",
  },
  {
    key: "retention",
    type: '`"none"` or a duration, as text',
    fallback: '`"90d"`',
    help:
      'How long the record of an ended job is kept. Sweeps drop older ones, some at a time. `"none"` keeps all.',
  },
];
