/** Every table of jobs on a real terminal, at the widths that terminals have: no line is longer, and how a job ended is seen on each. */
import assert from "node:assert/strict";
import { insertEnded } from "../../kit/fakes/ended_job.ts";
import { runOf, specOf, watchOf } from "../../kit/fakes/job.ts";
import { RealTerminal } from "../../kit/fakes/real_terminal.ts";
import { StoreDir } from "../../kit/fakes/stores.ts";
import { isInstalled } from "../../kit/machine/command.ts";
import { PROJECT_DIR } from "../../kit/machine/project.ts";

const LONG = "a name that goes on and on, as names of array jobs and containers do";
const LONG_USER = "a-user-of-thirty-two-characters0";
const HOUR_MS = 3_600_000;
const ROWS = 24;
const RED_OOM = "\x1b[31moom\x1b[39m";

const TABLES: readonly (readonly [args: string, outcome: RegExp])[] = [
  ["report", / oom +137\b/],
  ["report --failed", / oom +137\b/],
  ["report --last 1", / oom +137\b/],
  ["report --by name --advise", /COUNT +FAILED/],
  ["report --by reason --columns reason,count,failed,cpu-sum,wall-sum,memory-sum", /oom/],
  ["ps --interval 0", / running\b/],
  ["ps -a --interval 0", / oom\b/],
];

function recordJobs(stores: StoreDir): void {
  const store = stores.open();
  const startedAtMs = Date.now() - HOUR_MS;
  const names = { name: LONG, ref: LONG, user: LONG_USER };
  insertEnded(store, {
    spec: { id: "aaaaaa", ...names },
    startedAtMs,
    ending: {
      reason: "oom",
      trigger: "oom",
      exit: { code: null, signal: 9 },
      endedAtMs: startedAtMs + HOUR_MS / 2,
    },
  });
  const early = startedAtMs - HOUR_MS;
  store.insert(specOf({ id: "bbbbbb", ...names, createdAtMs: early }), watchOf());
  store.markRunning("bbbbbb", runOf({ startedAtMs: early, cgroup: { path: "/corral/bbbbbb", inode: 1 } }));
  stores.closeAll();
}

/** What corral writes to a terminal of that width. */
async function onTerminal(stores: StoreDir, args: string, columns: number): Promise<string> {
  // The width is there before corral looks at it.
  const script = `stty cols ${columns} && exec "$@" ${args}`;
  const corral = [
    Deno.execPath(),
    "run",
    "--quiet",
    "--allow-all",
    "--no-check",
    `${PROJECT_DIR}/src/main.ts`,
  ];
  await using terminal = new RealTerminal(
    ["sh", "-c", script, "sh", ...corral, "--state-dir", stores.path],
    { env: { NO_COLOR: "", CORRAL_CONFIG: "/dev/null" } },
  );
  terminal.screen.resize(columns, ROWS);
  assert.equal((await terminal.left()).exitCode, 0, terminal.output);
  return terminal.output;
}

for (const [args, outcome] of TABLES) {
  Deno.test({
    name: `corral ${args} on a real terminal has no line that is longer, and the outcome at each width`,
    ignore: !isInstalled("python3"),
    async fn() {
      using stores = new StoreDir();
      recordJobs(stores);
      for (const columns of [80, 120, 200]) {
        const output = await onTerminal(stores, args, columns);
        // deno-lint-ignore no-control-regex
        const lines = output.replace(/\x1b\[\d+m/g, "").trimEnd().split("\r\n");
        assert.deepEqual(lines.filter((line) => [...line].length > columns), [], `${columns} columns`);
        assert.match(lines.join("\n"), outcome, `${columns} columns`);
        if (outcome.source.startsWith(" oom")) assert.ok(output.includes(RED_OOM), output);
      }
    },
  });
}
