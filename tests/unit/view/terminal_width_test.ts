/** Every table of jobs at the widths of real terminals: no line is longer, and how a job ended is seen at the narrowest. */
import assert from "node:assert/strict";
import { insertEnded } from "../../kit/fakes/ended_job.ts";
import { JOB_ID } from "../../kit/fakes/job.ts";
import { FakeNode } from "../../kit/fakes/node.ts";

const WIDTHS = [80, 120, 200];
const LONG = "a name that goes on and on, as names of array jobs and containers do";
const START_MS = new Date(2026, 10, 1, 9, 0).getTime();

function nodeWithJobs(): FakeNode {
  const node = new FakeNode();
  const store = node.stores.open();
  const ends = [
    { reason: "oom", trigger: "oom", exit: { code: null, signal: 9 } },
    { reason: "exited", trigger: "exited", exit: { code: 0, signal: null } },
    { reason: "timeout", trigger: "timeout", exit: { code: null, signal: 15 } },
  ] as const;
  for (const [index, end] of ends.entries()) {
    const spec = {
      id: `aaaaa${"abc"[index]}`,
      name: LONG,
      ref: `${LONG} ${index}`,
      user: "a-user-with-a-name",
    };
    insertEnded(store, { spec, startedAtMs: START_MS, ending: { ...end, endedAtMs: START_MS + 60_000 } });
  }
  node.start({ spec: { id: JOB_ID, name: LONG, ref: LONG, user: "a-user-with-a-name" } });
  node.wallMs = START_MS + 3_600_000;
  return node;
}

/** What a terminal shows: without the control sequences that colour it. */
function shownLines(text: string): string[] {
  // deno-lint-ignore no-control-regex
  return text.trimEnd().split("\n").map((line) => line.replace(/\x1b\[\d+m/g, ""));
}

const TABLES: readonly (readonly [args: string[], outcome: RegExp])[] = [
  [["report"], /\boom\b[^]*\btimeout\b/],
  [["report", "--failed"], /\boom\b[^]*\btimeout\b/],
  [["ps", "--interval", "0"], /\brunning\b/],
  [["ps", "-a", "--interval", "0"], /\boom\b/],
];

for (const [args, outcome] of TABLES) {
  Deno.test(`corral ${args.join(" ")} fits the terminal, and shows what became of each job`, async () => {
    for (const width of WIDTHS) {
      for (const colour of [false, true]) {
        using node = nodeWithJobs();
        Object.assign(node, { widthColumns: width, colour });
        await node.corral(...args);
        const lines = shownLines(node.out);
        const tooLong = lines.filter((line) => [...line].length > width);
        assert.deepEqual(tooLong, [], `${width} columns`);
        assert.match(lines.join("\n"), outcome, `${width} columns`);
      }
    }
  });
}

Deno.test("a wider terminal shows more columns, --wide and a pipe all of them", async () => {
  const titles = async (widthColumns: number | null, ...args: string[]) => {
    using node = nodeWithJobs();
    Object.assign(node, { widthColumns });
    await node.corral("report", ...args);
    return shownLines(node.out)[1]!.split(/ +/).length;
  };
  const [narrow, wide, wider, pipe] = [
    await titles(80),
    await titles(120),
    await titles(200),
    await titles(null),
  ];
  assert.ok(narrow < wide && wide < wider && wider <= pipe, `${narrow} ${wide} ${wider} ${pipe}`);
  assert.equal(await titles(80, "--wide"), pipe);
});

Deno.test("columns that hold nothing go before those that hold something", async () => {
  using node = new FakeNode();
  insertEnded(node.stores.open(), {
    startedAtMs: START_MS,
    spec: { ref: null },
    ending: { endedAtMs: START_MS + 1 },
  });
  node.wallMs = START_MS + 60_000;
  Object.assign(node, { widthColumns: 80 });
  await node.corral("report");
  const titles = shownLines(node.out)[1]!;
  assert.doesNotMatch(titles, /\bREF\b/);
  assert.match(titles, /\bCPU\b/);
});

Deno.test("a failed job is red on a terminal with colours, and nothing is without", async () => {
  for (const [colour, red] of [[true, true], [false, false]] as const) {
    using node = nodeWithJobs();
    Object.assign(node, { widthColumns: 120, colour });
    await node.corral("report");
    assert.equal(node.out.includes("\x1b[31moom\x1b[39m"), red);
  }
});
