import assert from "node:assert/strict";
import type { Process } from "../../../src/linux/processes.ts";
import { sparedPids } from "../../../src/observe/strays_spared.ts";
import { processOf } from "../../kit/fakes/process.ts";

const SELF = 100;
const SELF_LINE = processOf(SELF, { ppid: 90, words: ["deno", "strays.ts"] });

function spared(...list: Process[]): number[] {
  return [...sparedPids([SELF_LINE, ...list], SELF)].toSorted((a, b) => a - b);
}

Deno.test("sparedPids() are corral itself, its ancestors and its descendants", () => {
  const found = spared(
    processOf(1, { ppid: 0 }),
    processOf(80, { words: ["sshd"] }),
    processOf(90, { ppid: 80, words: ["sh", "-c", "strays fastsurfer"] }),
    processOf(101, { ppid: SELF, words: ["getent"] }),
    processOf(102, { ppid: 101 }),
    processOf(200, { ppid: 80 }),
    processOf(201, { ppid: 90 }),
  );
  assert.deepEqual(found, [1, 80, 90, SELF, 101, 102]);
});

Deno.test("sparedPids() are all other corrals, and what one has just started", () => {
  const found = spared(
    processOf(200, { words: ["/opt/bin/corral", "run", "--", "fastsurfer"] }),
    processOf(201, { ppid: 200, words: ["/bin/sh", "-c", "x", "corral-gate", "fastsurfer"] }),
    processOf(202, { ppid: 201, words: ["fastsurfer"] }),
    processOf(300, { words: ["renamed"], cgroupPath: "/corral.slice/corral-7k2m9q-supervisor.scope" }),
    processOf(400, { words: ["corralled", "run"] }),
    processOf(401, { words: ["vim", "corral"] }),
    processOf(402, { words: [] }),
  );
  assert.deepEqual(found, [SELF, 200, 201, 300]);
});

Deno.test("sparedPids() are those who launch jobs by a command line that holds theirs", () => {
  const launchers = [
    ["sudo", "-u", "alice", "/opt/bin/corral", "run", "fastsurfer"],
    ["sh", "-c", "corral run -- fastsurfer >log; corral --state-dir /x run -- fastsurfer"],
    ["sh", "-c", "set -e\n'/opt/my corral' list\n'/opt/corral' \\\n run -- fastsurfer"],
    ["python3", "-c", "subprocess.run(['corral', 'run', 'fastsurfer'])"],
  ];
  const others = [
    ["python3", "worker.py", "fastsurfer"],
    ["/opt/corral/bin/fastsurfer", "run", "x"],
    ["sh", "-c", "corral-notes run fastsurfer"],
    ["sh", "-c", "corral ps; fastsurfer --running x"],
    ["sh", "-c", "mycorral run fastsurfer"],
  ];
  const processes = [...launchers, ...others].map((words, index) => processOf(200 + index, { words }));
  assert.deepEqual(spared(...processes), [SELF, 200, 201, 202, 203]);
});

Deno.test("sparedPids() comes to an end where a reused pid closes a circle", () => {
  assert.deepEqual(spared(processOf(90, { ppid: 91 }), processOf(91, { ppid: 90 })), [90, 91, SELF]);
});

Deno.test("sparedPids() takes no longer for command lines made to be long", () => {
  const lines = [
    `corral `.repeat(9_000),
    `corral run`.repeat(6_000),
    " ".repeat(60_000),
    "corral ".padEnd(60_000, "\n"),
  ];
  const processes = Array.from(
    { length: 200 },
    (_, index) => processOf(200 + index, { words: ["x", lines[index % lines.length]!] }),
  );
  const startMs = performance.now();
  spared(...processes);
  assert.ok(performance.now() - startMs < 2_000, "a quadratic pattern takes a minute");
});
