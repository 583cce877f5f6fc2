import assert from "node:assert/strict";
import { EXIT } from "../../../../src/base/errors.ts";
import { NO_LIMITS } from "../../../../src/job/job.ts";
import { runOf } from "../../../kit/fakes/job.ts";
import { FakeNode } from "../../../kit/fakes/node.ts";
import type { Happening } from "../../../kit/fakes/screen.ts";
import { tableRows } from "../../../kit/fakes/table.ts";

const MIB = 2 ** 20;
const cpuStat = (usageUsec: number) => `usage_usec ${usageUsec}\nuser_usec 0\nsystem_usec 0\n`;

/** The jobs of these tests: with each passing moment, one of them is the first by each column. */
const JOBS = [
  { id: "aaaaaa", name: "oldest", usecPerMs: 100, mib: 50, startedMs: 0, leftMs: null },
  { id: "bbbbbb", name: "busiest", usecPerMs: 2500, mib: 20, startedMs: 20_000, leftMs: 900_000 },
  { id: "cccccc", name: "largest", usecPerMs: 0, mib: 300, startedMs: 40_000, leftMs: null },
  { id: "dddddd", name: "almost", usecPerMs: 900, mib: 10, startedMs: 60_000, leftMs: 100_000 },
];

/** A node on which they run, each at its own pace. */
function busyNode(terminal = true): FakeNode {
  const node = new FakeNode();
  const { startedBootMs, startedAtMs } = runOf();
  node.bootMs = startedBootMs + 100_000;
  node.wallMs = startedAtMs + 100_000;
  for (const { id, name, mib, startedMs, leftMs } of JOBS) {
    node.start({
      spec: { id, name, limits: { ...NO_LIMITS, memoryMaxBytes: 1000 * MIB } },
      run: {
        startedAtMs: startedAtMs + startedMs,
        startedBootMs: startedBootMs + startedMs,
        deadlineBootMs: leftMs === null ? null : node.bootMs + leftMs,
      },
      files: { "memory.current": `${mib * MIB}\n`, "cpu.stat": cpuStat(0) },
    });
  }
  node.meanwhile = () => {
    for (const { id, usecPerMs } of JOBS) {
      const usec = usecPerMs * (node.bootMs - startedBootMs);
      node.cgroups.put(`/corral/${id}`, "cpu.stat", cpuStat(usec));
    }
  };
  node.meanwhile();
  if (terminal) node.widthColumns = 100;
  return node;
}

async function top(node: FakeNode, happenings: readonly Happening[], ...args: string[]): Promise<number> {
  node.screen.happenings.push(...happenings);
  return await node.corral("top", ...args);
}

const rowsOf = (lines: readonly string[]) => tableRows(lines.slice(1).join("\n"));
const namesOf = (lines: readonly string[]) => rowsOf(lines).map(({ NAME }) => NAME);

Deno.test("corral top shows the table of ps below host, time, number of jobs and sums", async () => {
  using node = busyNode();
  node.proc.write("sys/kernel/hostname", "node01\n");
  assert.equal(await top(node, ["tick"]), EXIT.DONE);
  const [lines] = node.screen.seen;
  assert.match(
    lines![0]!,
    /^node01 {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}4 jobs {2}cpu 350% {2}mem 380\.0M {2}by -cpu% {2}h help$/,
  );
  assert.deepEqual(rowsOf(lines!)[0], {
    "ID": "bbbbbb",
    "NAME": "busiest",
    "REF": "-",
    "USER": "alice",
    "STATE": "running",
    "AGE": "1m20s",
    "LEFT": "14m59s",
    "PROCS": "1",
    "CPU%": "250%",
    "MEM": "20.0M",
    "MEM%": "2%",
  });
});

Deno.test("corral top measures CPU use from one table to the next, the first over a moment", async () => {
  using node = busyNode();
  await top(node, ["tick", "tick", "tick"], "--interval", "5s", "--sort", "name");
  assert.deepEqual(node.screen.capsMs, [200, 5000, 5000, 5000]);
  for (const lines of node.screen.seen) {
    assert.deepEqual(rowsOf(lines).map((row) => row["CPU%"]), ["90%", "250%", "0%", "10%"]);
  }
  assert.equal(node.screen.seen.length, 3);
});

Deno.test("corral top shows the CPU use of a job that started between two tables since its start", async () => {
  using node = busyNode();
  const usual = node.meanwhile;
  node.meanwhile = () => {
    usual();
    node.meanwhile = usual;
    const run = { startedBootMs: node.bootMs - 150 };
    node.start({ spec: { id: "eeeeee", name: "newest" }, run, files: { "cpu.stat": cpuStat(450_000) } });
  };
  await top(node, ["tick"]);
  assert.equal(rowsOf(node.screen.seen[0]!).find(({ NAME }) => NAME === "newest")?.["CPU%"], "300%");
});

Deno.test("corral top sorts by the column of each key, and r reverses", async () => {
  using node = busyNode();
  const keys = ["m", "l", "a", "n", "c", "r", "r"].map((key) => ({ key }));
  await top(node, ["tick", ...keys], "--sort", "id");
  assert.deepEqual(node.screen.seen.map(namesOf), [
    ["oldest", "busiest", "largest", "almost"],
    ["largest", "oldest", "busiest", "almost"],
    ["almost", "busiest", "oldest", "largest"],
    ["oldest", "busiest", "largest", "almost"],
    ["almost", "busiest", "largest", "oldest"],
    ["busiest", "almost", "oldest", "largest"],
    ["largest", "oldest", "almost", "busiest"],
    ["busiest", "almost", "oldest", "largest"],
  ]);
});

Deno.test("corral top keeps to its interval whatever keys are pressed", async () => {
  using node = busyNode();
  await top(node, ["tick", { key: "m" }, { key: "x" }, "tick"]);
  assert.deepEqual(node.screen.capsMs.slice(0, 4), [200, 2000, 2000, 2000]);
  assert.equal(node.screen.seen.length, 3, "a key that means nothing draws nothing");
});

Deno.test("corral top reads anew when space is pressed, but not before there is something to measure", async () => {
  using node = busyNode();
  await top(node, ["tick", { key: " " }, "tick", { key: " " }, { key: " " }]);
  assert.deepEqual(node.screen.capsMs, [200, 2000, 100, 2000, 100, 100]);
  assert.equal(node.screen.seen.length, 2);
  assert.equal(rowsOf(node.screen.seen[1]!)[0]!["CPU%"], "250%");
});

Deno.test("corral top shows its keys when asked, and hides them again", async () => {
  using node = busyNode();
  await top(node, ["tick", { key: "h" }, { key: "?" }]);
  const [without, with_, again] = node.screen.seen;
  assert.match(with_![1]!, /^q quit {2}c cpu {2}m memory /);
  assert.match(with_![2]!, /^ID +NAME /);
  assert.deepEqual(again, without);
});

Deno.test("corral top fits the window, follows its size and says how many jobs do not fit", async () => {
  using node = busyNode();
  await top(node, ["tick", { columns: 60, rows: 4 }, { columns: 20, rows: 1 }, { columns: 120, rows: 30 }]);
  const [, small, tiny, large] = node.screen.seen;
  assert.deepEqual([small!.length, small!.at(-1)], [4, "... and 3 more"]);
  assert.deepEqual(tiny!.length, 1);
  assert.equal(namesOf(large!).length, 4);
  assert.deepEqual([node.screen.terminal.overflows, node.screen.terminal.clears], [0, 0]);
});

Deno.test("corral top clears away what a longer table has left", async () => {
  using node = busyNode();
  node.screen.happenings.push("tick");
  const usual = node.meanwhile;
  let ticks = 0;
  node.meanwhile = () => {
    usual();
    if (++ticks < 2) return;
    const store = node.stores.open();
    for (const { id } of JOBS.slice(1)) {
      store.markEnded(id, {
        reason: "exited",
        trigger: "exited",
        exit: { code: 0, signal: null },
        endedAtMs: 1,
        usage: null,
        survivors: [],
      }, []);
    }
  };
  await top(node, ["tick"]);
  const [before, after] = node.screen.seen;
  assert.equal(namesOf(before!).length, 4);
  assert.deepEqual(namesOf(after!), ["oldest"]);
  assert.equal(after!.length, 3);
});

Deno.test("corral top ends by q and ^C with 0, by a signal with 128+N, and always closes the screen", async () => {
  const ends: [Happening, number][] = [[{ key: "q" }, 0], [{ key: "\x03" }, 0], [{ signal: 15 }, 143], [{
    signal: 1,
  }, 129]];
  for (const [end, exitCode] of ends) {
    using node = busyNode();
    assert.equal(await top(node, ["tick", end, "tick"]), exitCode);
    assert.deepEqual([node.screen.seen.length, node.screen.isOpen, node.out], [1, false, ""]);
  }
});

Deno.test("corral top ends when nobody sees the screen any more", async () => {
  using node = busyNode();
  node.screen.lastFrame = 1;
  assert.equal(await top(node, ["tick", "tick"]), EXIT.DONE);
  assert.deepEqual([node.screen.seen.length, node.screen.isOpen], [1, false]);
});

Deno.test("corral top --count ends by itself and leaves the last table below", async () => {
  using node = busyNode();
  assert.equal(await top(node, ["tick", { key: "n" }, "tick", "tick"], "--count", "2"), EXIT.DONE);
  assert.equal(node.screen.seen.length, 3, "a key is no refresh");
  assert.equal(node.screen.isOpen, false);
  const [header, ...table] = node.out.trimEnd().split("\n");
  assert.match(header!, /4 jobs.* by name$/);
  assert.deepEqual(tableRows(table.join("\n")).map(({ NAME }) => NAME), [
    "almost",
    "busiest",
    "largest",
    "oldest",
  ]);
});

Deno.test("corral top leaves the screen before it says that the store cannot be read", async () => {
  using node = busyNode();
  const usual = node.meanwhile;
  node.meanwhile = () => {
    usual();
    node.stores.raw().exec("DROP TABLE jobs");
  };
  const said: boolean[] = [];
  const { said: lines } = node;
  lines.push = (...items: string[]) => {
    said.push(node.screen.isOpen);
    return Array.prototype.push.apply(lines, items);
  };
  assert.equal(await top(node, ["tick"]), EXIT.NEGATIVE);
  assert.deepEqual(said, [false]);
  assert.match(lines[0]!, /^corral: .*: cannot /);
});

Deno.test("corral top shows the others when a row is damaged, and says so once, after the screen", async () => {
  using node = busyNode();
  node.stores.raw().exec("UPDATE jobs SET argv = '7' WHERE id = 'aaaaaa'");
  assert.equal(await top(node, ["tick", "tick"]), EXIT.NEGATIVE);
  assert.match(node.screen.seen[1]![0]!, / 3 jobs .* 1 row damaged /);
  assert.equal(node.said.length, 1);
  assert.match(node.said[0]!, /row of job "aaaaaa" is damaged/);
});

Deno.test("corral top with no job waits for none, and goes on looking", async () => {
  using node = new FakeNode();
  node.widthColumns = 100;
  assert.equal(await top(node, ["tick", "tick"]), EXIT.DONE);
  assert.deepEqual(node.screen.capsMs, [0, 2000, 2000]);
  assert.match(node.screen.seen[0]![0]!, / 0 jobs {2}cpu 0% {2}mem 0B /);
});

Deno.test("corral top shows hostile names and host names harmless", async () => {
  using node = new FakeNode();
  node.widthColumns = 100;
  node.proc.write("sys/kernel/hostname", "\x1b[2Jnode\n");
  node.start({ spec: { name: "evil\n\x1b[2J\u202e", ref: "\x9b31m" } });
  await top(node, ["tick"]);
  const [lines] = node.screen.seen;
  assert.match(lines![0]!, /^\\x1b\[2Jnode {2}/);
  assert.equal(lines!.length, 3);
  assert.match(lines![2]!, /evil\\n\\x1b\[2J\\u202e/);
});

Deno.test("corral top without keys on stdin does not speak of them", async () => {
  using node = busyNode();
  node.screen.hasKeys = false;
  await top(node, ["tick", { signal: 2 }]);
  assert.doesNotMatch(node.screen.seen[0]![0]!, /help/);
});

Deno.test("corral top in a pipe writes plain tables, an empty line between them", async () => {
  using node = busyNode(false);
  assert.equal(await node.corral("top", "--count", "3", "--interval", "1s", "--sort", "name"), EXIT.DONE);
  assert.deepEqual(node.pausesMs, [200, 1000, 1000]);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(node.out, /[\x00-\x09\x0b-\x1f]/);
  const tables = node.out.split("\n\n");
  assert.equal(tables.length, 3);
  for (const table of tables) {
    assert.deepEqual(namesOf(table.trimEnd().split("\n")), ["almost", "busiest", "largest", "oldest"]);
    assert.match(table.split("\n")[0]!, /cpu 350% {2}mem 380\.0M {2}by name$/);
  }
});

Deno.test("corral top in a pipe ends quietly when the reader is gone", async () => {
  using node = busyNode(false);
  node.outputEnds = true;
  assert.equal(await node.corral("top"), EXIT.DONE);
  assert.deepEqual([node.pausesMs, node.said], [[200], []]);
});

Deno.test("corral top refuses columns, intervals and counts that make no sense", async () => {
  const wrong: [string[], RegExp][] = [
    [["--sort", "cpuu"], /^corral: --sort: there is no column "cpuu", did you mean cpu%\?/],
    [
      ["--interval", "99ms"],
      /^corral: --interval: cannot read "99ms" as a refresh interval: it is below 100ms/,
    ],
    [["--interval", "0"], /^corral: --interval: cannot read "0" as a duration/],
    [["--count", "0"], /^corral: --count: cannot read "0" as a number of tables/],
  ];
  for (const [args, says] of wrong) {
    using node = busyNode(false);
    assert.equal(await node.corral("top", ...args), EXIT.USAGE);
    assert.match(node.said[0]!, says);
    assert.equal(node.out, "");
  }
  using node = busyNode(false);
  assert.equal(await node.corral("top", "--interval", "100ms", "--count", "2"), EXIT.DONE);
  assert.deepEqual(node.pausesMs, [100, 100]);
});
