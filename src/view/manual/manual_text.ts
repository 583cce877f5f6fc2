/** What the manual page says besides the commands. Backticks mark what is to be typed or is a name. */
import type { EXIT } from "../../base/errors.ts";
import { type Setting, SETTINGS } from "../../settings/settings.ts";

/** Paragraphs. */
export const DESCRIPTION: readonly string[] = [
  "`corral run` starts a command as a job in a cgroup that its descendants cannot leave, enforces limits of memory, CPU, tasks and " +
  "time, and ends the whole tree when the time is up or somebody asks. When it returns, nothing of the job is alive, or it names " +
  "what the kernel would not let go.",
  "Every job has an id, a record in a store, and one end reason. A JOB is named by its id, by a prefix of the id that no other job " +
  "has, or as `name:NAME` or `ref:REF`.",
  "A DURATION is `90`, `90s`, `2h30m`, `1d`, `500ms`, or Slurm's `MM:SS`, `HH:MM:SS`, `D-HH`, `D-HH:MM:SS`. A SIZE is `512M`, `24G`, " +
  "`1.5T`, `24GiB` or a number of bytes; K, M, G and T are powers of 1024. CPUS are `4`, `0.5` or `150%`.",
];

/** Complete by its type: each exit code that corral gives by itself. */
export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  DONE: "Done.",
  NEGATIVE:
    "What the command was asked about is not so: no such job, it could not be ended, a check found a problem.",
  USAGE: "The command line cannot be understood.",
  SWEEP_RUNNING: "Another sweep is running.",
  TIMEOUT: "`corral run`: the time was up.",
  CORRAL_FAILED: "`corral run`: corral itself failed. Nothing is said about the command.",
  NOT_EXECUTABLE: "`corral run`: the command cannot be executed.",
  NOT_FOUND: "`corral run`: the command was not found.",
  SIGNAL_BASE:
    "`corral run`: the command died of signal N, or `corral run` itself was told to end by it. Any other code is the command's own.",
};

function keys(isOne: (row: Setting) => boolean): string {
  return SETTINGS.filter(isOne).map(({ key }) => `\`${key}\``).join(", ");
}

/** Path and meaning. */
export const FILES: readonly (readonly [path: string, meaning: string])[] = [
  [
    "/etc/corral/config.toml",
    `Settings: ${keys((row) => !row.isForSweeps)}; for sweeps ${keys((row) => row.isForSweeps === true)}.`,
  ],
  ["/var/lib/corral/corral.db", "The store of root: an SQLite file."],
  ["~/.local/state/corral/HOST.db", "The store of a user, one for each node."],
  [
    "/etc/systemd/system/corral-sweep.timer, corral-sweep.service",
    "What `corral install` makes for root under systemd; for a user, below ~/.config/systemd/user.",
  ],
  ["/etc/cron.d/corral", "What it makes for root without systemd; for a user, a line in the crontab."],
  [
    "/usr/local/share, ~/.local/share",
    "Where it puts this page and the completions. bash and fish find a user's by themselves; zsh has to be told: " +
    "`fpath=(~/.local/share/zsh/site-functions $fpath)` before `compinit`.",
  ],
];

/** Name and meaning. */
export const ENVIRONMENT: readonly (readonly [name: string, meaning: string])[] = [
  ["CORRAL_STATE_DIR", "Where the store is; `--state-dir` goes before it."],
  ["CORRAL_CONFIG", "The file of settings; `--config` goes before it."],
  ["CORRAL_CGROUP_ROOT", "The cgroup in which the cgroupfs backend makes its own."],
  ["CORRAL_JOB_ID", "Set for every process of a job: the job's id."],
  ["XDG_STATE_HOME", "Where a user's store is, in the directory corral; default ~/.local/state."],
  [
    "XDG_CONFIG_HOME, XDG_DATA_HOME",
    "Where `corral install` puts a user's units, and manual page and completions.",
  ],
  ["LC_ALL, LC_CTYPE, LANG", "The first that is set tells whether the terminal can show more than ASCII."],
  ["NO_COLOR", "No colours, whatever the terminal."],
  [
    "JOURNAL_STREAM",
    "Set by systemd where stdout is the journal: `corral sweep` then gives each line a severity.",
  ],
  ["SLURM_JOB_ID", "Makes corral warn that its job leaves Slurm's cgroup and accounting."],
];

/** What it does, and the lines to be typed. */
export const EXAMPLES: readonly { text: string; command: string }[] = [
  {
    text: "Run a pipeline with limits, and keep a record of how it ended:",
    command:
      "corral run --ref task-81 --timeout 6h --memory 24G --cpus 8 --receipt task-81.json -- ./pipeline.sh",
  },
  {
    text: "End what the owner of a task no longer waits for:",
    command: "corral kill ref:task-81",
  },
  {
    text: "Give a job another hour:",
    command: "corral set 7k2m9q --timeout +1h",
  },
  {
    text: "See what a sweep would do:",
    command: "corral sweep --dry-run",
  },
  {
    text: "See what would be installed, then have every node swept every five minutes:",
    command: "corral install --print\ncorral install --sweep-every 5m",
  },
  {
    text: "Completions for this shell alone:",
    command: "source <(corral completion bash)",
  },
];
