import assert from "node:assert/strict";
import {
  changedLines,
  drawnLines,
  type FrameParts,
  renderFrame,
  wholeFrame,
} from "../../../src/view/frame.ts";
import { FakeTerminal } from "../../kit/fakes/terminal.ts";
import { seededRandom } from "../../kit/fakes/value_refusal.ts";

const COLUMNS = [
  { key: "id", title: "id", align: "left" },
  { key: "name", title: "name", align: "left", shrink: true },
  { key: "mem", title: "mem", align: "right" },
] as const;
const NAMES = ["fastsurfer", "日本語のジョブ".repeat(9), "é".repeat(100), "👩‍🔬🧠", "evil\x1b[2J\n", "x"];

function partsOf(count: number, head: readonly string[] = ["node01  two jobs"]): FrameParts {
  const rows = Array.from(
    { length: count },
    (_, index) => [`job${index}`, NAMES[index % NAMES.length]!, `${index}.0G`],
  );
  return { head, columns: COLUMNS, rows };
}

/** A screen on which something stands everywhere. */
function fullScreen(columns: number, rows: number): FakeTerminal {
  const terminal = new FakeTerminal(columns, rows);
  terminal.feed(`\x1b[?1049h\x1b[H${Array(rows).fill("#".repeat(columns)).join("\r\n")}`);
  assert.equal(terminal.lines.length, rows);
  return terminal;
}

async function shown(parts: FrameParts, columns: number, rows: number): Promise<string[]> {
  const terminal = fullScreen(columns, rows);
  terminal.feed(await renderFrame(parts, { size: { columns, rows }, colour: false }));
  assert.deepEqual([terminal.overflows, terminal.clears], [0, 0], `${columns}x${rows}`);
  return terminal.lines;
}

Deno.test("renderFrame() writes head and table over whatever stood there", async () => {
  assert.deepEqual(await shown(partsOf(1), 40, 6), [
    "node01  two jobs",
    "ID    NAME         MEM",
    "job0  fastsurfer  0.0G",
  ]);
  assert.deepEqual(await shown(partsOf(0), 40, 6), ["node01  two jobs", "ID  NAME  MEM"]);
});

Deno.test("renderFrame() says how many rows there is no room for", async () => {
  assert.equal((await shown(partsOf(4), 80, 6)).at(-1)?.slice(0, 4), "job3");
  const lines = await shown(partsOf(5), 80, 6);
  assert.deepEqual([lines.length, lines[4]?.slice(0, 4), lines[5]], [6, "job2", "... and 2 more"]);
  assert.deepEqual((await shown(partsOf(5), 80, 3)).slice(1), ["ID  NAME  MEM", "... and 5 more"]);
  assert.deepEqual(await shown(partsOf(5), 80, 1), ["node01  two jobs"]);
});

Deno.test("renderFrame() fits every size, and leaves nothing of what stood there", async () => {
  const random = seededRandom(7);
  const upTo = (most: number) => 1 + Math.floor(random() * most);
  for (let round = 0; round < 300; round++) {
    const [columns, rows] = [upTo(90), upTo(12)];
    const head = Array.from({ length: upTo(2) }, () => "héad ".repeat(upTo(20)).trimEnd());
    const lines = await shown(partsOf(upTo(12) - 1, head), columns, rows);
    assert.ok(lines.length <= rows);
    assert.ok(!lines.join("").includes("#"), `${columns}x${rows}: ${lines.join("\n")}`);
  }
});

Deno.test("renderFrame() replaces a longer frame by a shorter one, in one piece", async () => {
  const terminal = fullScreen(50, 8);
  const size = { columns: 50, rows: 8 };
  for (const count of [9, 2, 6, 0]) {
    terminal.feed(await renderFrame(partsOf(count), { size, colour: true }));
    assert.equal(terminal.lines.length, Math.min(8, count + 2));
  }
  assert.deepEqual([terminal.overflows, terminal.clears], [0, 0]);
});

Deno.test("renderFrame() makes the titles bold only when colour is asked for", async () => {
  const size = { columns: 50, rows: 8 };
  // deno-lint-ignore no-control-regex
  assert.match(await renderFrame(partsOf(1), { size, colour: true }), /\x1b\[1mID +NAME +MEM\x1b\[22m/);
  assert.ok(!(await renderFrame(partsOf(1), { size, colour: false })).includes("\x1b[1m"));
});

Deno.test("changedLines() makes one frame of another, and writes no line that stands there", async () => {
  const random = seededRandom(11);
  const upTo = (most: number) => 1 + Math.floor(random() * most);
  for (let round = 0; round < 200; round++) {
    const size = { columns: upTo(90), rows: upTo(12) };
    const options = { size, colour: round % 2 === 0 };
    const [one, other] = [
      await drawnLines(partsOf(upTo(12) - 1), options),
      await drawnLines(partsOf(upTo(12) - 1), options),
    ];
    const [terminal, whole] = [fullScreen(size.columns, size.rows), fullScreen(size.columns, size.rows)];
    terminal.feed(wholeFrame(one, size));
    terminal.feed(changedLines(one, other));
    whole.feed(wholeFrame(other, size));
    assert.deepEqual([terminal.lines, terminal.overflows, terminal.clears], [whole.lines, 0, 0]);
    assert.equal(changedLines(other, other), "");
  }
  const [before, after] = [["same", "old", "gone"], ["same", "new"]];
  assert.equal(changedLines(before, after), "\x1b[2;1Hnew\x1b[3;1H\x1b[K");
});
