import assert from "node:assert/strict";
import { EXIT } from "../../../../src/base/errors.ts";
import { NO_LIMITS } from "../../../../src/job/job.ts";
import { FakeKernel } from "../../../kit/fakes/kernel.ts";
import { runOf } from "../../../kit/fakes/job.ts";
import { FakeNode, SUPERVISOR_PID } from "../../../kit/fakes/node.ts";
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
  const keys = ["m", "l", "a", "n", "p", "r", "r"].map((key) => ({ key }));
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
  assert.match(with_![1]!, /^q quit {2}k kill a job /);
  assert.match(with_![2]!, /^p cpu {2}m memory /);
  assert.match(with_![3]!, /^ID +NAME /);
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

const keysOf = (text: string): Happening[] => [...text].map((key) => ({ key }));

Deno.test("corral top filters by what is typed, and by user, and shows both", async () => {
  using node = busyNode();
  node.start({ spec: { id: "eeeeee", name: "hers", user: "bob", uid: 1007, argv: ["train", "--epochs"] } });
  await top(node, ["tick", ...keysOf("/LARG\r/\x15epochs\r/\x15\rubob\ru1007\ru\r")]);
  const names = node.screen.seen.map((lines) => lines.slice(1).join("\n")).map((text) =>
    text.includes("_\n") ? "asks" : namesOf(["", ...text.split("\n")]).join(" ")
  );
  const all = "busiest almost oldest largest hers";
  assert.deepEqual(names.filter((shown) => shown !== "asks"), [
    all,
    "largest",
    "hers",
    all,
    "hers",
    "hers",
    all,
  ]);
  assert.ok(node.screen.seen.some((lines) => / 1 job .* with "epochs"/.test(lines[0]!)));
  assert.ok(node.screen.seen.some((lines) => /^Show jobs of user \(nothing: all\): bob_$/.test(lines[1]!)));
});

Deno.test("corral top --user shows that user's jobs from the start", async () => {
  using node = busyNode();
  node.start({ spec: { id: "eeeeee", name: "hers", user: "bob" } });
  await top(node, ["tick"], "-u", "bob");
  assert.deepEqual(namesOf(node.screen.seen[0]!), ["hers"]);
  assert.match(node.screen.seen[0]![0]!, / 1 job .* user bob {2}h help$/);
});

Deno.test("corral top shows whole command lines when asked, and no longer when asked again", async () => {
  using node = new FakeNode();
  node.widthColumns = 100;
  node.start({ spec: { argv: ["python3", "train.py", "--epochs", "5\x1b[2J"] } });
  await top(node, ["tick", { key: "c" }, { key: "c" }]);
  const [usual, whole, again] = node.screen.seen;
  assert.match(whole![1]!, / COMMAND$/);
  assert.match(whole![2]!, /python3 train\.py --epochs 5\\x1b\[2J$/);
  assert.deepEqual(again, usual);
});

Deno.test("corral top ends a job that is named and confirmed, goes on meanwhile, and says what became of it", async () => {
  using node = new FakeNode();
  node.widthColumns = 100;
  node.start({ spec: { graceMs: 5, name: "train" } });
  node.proc.remove(SUPERVISOR_PID);
  await using _kernel = new FakeKernel(node.cgroups);
  assert.equal(await top(node, ["tick", ...keysOf("ktrain\rn"), ...keysOf("ktrain\ry"), "tick"]), EXIT.DONE);
  const seconds = node.screen.seen.map((lines) => lines[1]!);
  assert.ok(
    seconds.some((line) => /^End job \w{6}, train, of alice\? y for yes/.test(line)),
    seconds.join("\n"),
  );
  assert.ok(seconds.includes("nothing is ended"));
  assert.ok(seconds.some((line) => /^ending job /.test(line)));
  const { phase } = node.recorded();
  assert.equal(phase.state === "ended" && phase.reason, "killed");
  assert.equal(node.screen.isOpen, false);
});

Deno.test("corral top -b writes tables below each other on a terminal too", async () => {
  using node = busyNode();
  assert.equal(await node.corral("top", "-b", "-n", "2", "-d", "1s"), EXIT.DONE);
  assert.equal(node.screen.seen.length, 0);
  assert.equal(node.out.split("\n\n").length, 2);
});

Deno.test("corral top writes a whole frame again when the terminal was another's meanwhile, and only changes else", async () => {
  using node = busyNode();
  const frames: string[] = [];
  const draw = node.screen.draw.bind(node.screen);
  node.screen.draw = (frame) => draw((frames.push(frame), frame));
  await top(node, ["tick", { key: "h" }, { key: "h" }, { key: "\x0c" }, { columns: 100, rows: 10 }]);
  assert.deepEqual(frames.map((frame) => frame.startsWith("\x1b[H")), [true, false, false, true, true]);
});

/** CPU time of this thread, in ticks of 10 ms: other tests may share its core. */
function threadCpuMs(): number {
  const fields = Deno.readTextFileSync("/proc/thread-self/stat").replace(/^.*\) /s, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

Deno.test("corral top refreshes 1,000 jobs in less than 0.3 s of CPU time", async () => {
  using node = new FakeNode();
  node.widthColumns = 100;
  for (let index = 0; index < 1_000; index++) {
    const id = `j${index.toString().padStart(5, "2").replaceAll(/[01]/g, "x")}${index}`;
    node.start({
      spec: { id, name: `job ${index}` },
      files: { "memory.current": "1\n", "cpu.stat": cpuStat(index) },
    });
  }
  const tookMs: number[] = [];
  let beganMs = 0;
  const draw = node.screen.draw.bind(node.screen);
  node.screen.draw = (frame) => {
    tookMs.push(threadCpuMs() - beganMs);
    return draw(frame);
  };
  node.meanwhile = () => void (beganMs = threadCpuMs());
  await top(node, ["tick", "tick", "tick", "tick"]);
  assert.match(node.screen.seen[0]![0]!, / 1000 jobs /);
  assert.ok(tookMs.some((ms) => ms > 0), "nothing was measured");
  assert.ok(Math.min(...tookMs) < 300, `${tookMs} ms`);
});
