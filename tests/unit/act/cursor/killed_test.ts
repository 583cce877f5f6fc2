/** A run with a cursor that is killed at any of its steps, also in the middle of a line, and again: in the end each row is there once. */
import assert from "node:assert/strict";
import { type Cursor, NEW_CURSOR } from "../../../../src/act/cursor/cursor_file.ts";
import { type Piece, printEndings } from "../../../../src/act/cursor/print_endings.ts";
import { rowOutput } from "../../../../src/act/cursor/row_output.ts";
import { TempDir } from "../../../kit/fakes/temp.ts";

const STORE = "0".repeat(32);
const ROWS = 7;
const STEP = 3;

class Killed extends Error {}

const idOf = (number: number) => `aaaaa${"23456789abcdefgh"[number]}`;
const lineOf = (number: number) =>
  `${JSON.stringify({ id: idOf(number), host: "n", uid: 1, createdAt: "x", name: "ü".repeat(9) })}\n`;

async function* piecesFrom(after: number, last: number): AsyncGenerator<Piece> {
  for (let from = after; from < last; from += STEP) {
    const upTo = Math.min(from + STEP, last);
    const lines = Array.from({ length: upTo - from }, (_, index) => lineOf(from + index + 1));
    yield { lines, own: { [STORE]: upTo }, users: {} };
  }
}

/** The disk, which outlives the runs. */
class Disk implements Disposable {
  readonly temp = new TempDir();
  readonly path = `${this.temp.path}/rows`;
  cursor: Cursor = NEW_CURSOR;

  constructor(before = "") {
    Deno.writeTextFileSync(this.path, before);
  }

  /** Dies after so many steps: a byte that is written is one, and so is the cursor. False when it was not killed. */
  async run(steps: number, last = ROWS): Promise<boolean> {
    let left = steps;
    const live = (count: number) => {
      const lived = Math.min(count, left);
      left -= lived;
      return lived;
    };
    using output = rowOutput({
      path: this.path,
      write: (bytes) => {
        const count = live(bytes.length);
        using file = Deno.openSync(this.path, { append: true });
        file.writeSync(bytes.subarray(0, count));
        if (count < bytes.length) throw new Killed();
        return true;
      },
    }, this.cursor.pending);
    const file = {
      write: (cursor: Cursor) => {
        if (live(1) < 1) throw new Killed();
        this.cursor = structuredClone(cursor);
      },
    };
    try {
      await printEndings(piecesFrom(this.cursor.own[STORE] ?? 0, last), file, {
        cursor: this.cursor,
        output,
      });
      return false;
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      return true;
    }
  }

  get lines(): string[] {
    return Deno.readTextFileSync(this.path).split("\n");
  }

  [Symbol.dispose](): void {
    this.temp[Symbol.dispose]();
  }
}

const ALL = [...Array.from({ length: ROWS }, (_, index) => lineOf(index + 1).trimEnd()), ""];

Deno.test("a run that is killed at any step, and the next one, print each row once and whole", async () => {
  let steps = 0;
  for (let wasKilled = true; wasKilled; steps++) {
    using disk = new Disk();
    wasKilled = await disk.run(steps);
    assert.equal(await disk.run(Infinity), false);
    assert.deepEqual(disk.lines, ALL, `killed after ${steps} steps`);
    assert.equal(disk.cursor.pending, null);
  }
  assert.ok(steps > 500, "each byte is a step");
});

Deno.test("a run that is killed twice prints each row once, and so do jobs that end between", async () => {
  for (let first = 0; first < 560; first += 13) {
    for (let second = 0; second < 560; second += 29) {
      using disk = new Disk("of another program\n");
      await disk.run(first, 5);
      await disk.run(second, 6);
      assert.equal(await disk.run(Infinity), false);
      assert.deepEqual(
        disk.lines,
        ["of another program", ...ALL],
        `killed after ${first} and ${second} steps`,
      );
    }
  }
});

Deno.test("rows that another program appends after the kill stay, and what was torn is ended", async () => {
  using disk = new Disk();
  await disk.run(1 + lineOf(1).length + 20);
  Deno.writeTextFileSync(disk.path, "\nof another program\n", { append: true });
  await disk.run(Infinity);
  const whole = disk.lines.filter((line) => line.startsWith("{") && line.endsWith("}"));
  assert.deepEqual(whole, ALL.slice(0, -1));
  assert.ok(disk.lines.includes("of another program"));
});

Deno.test("an output that was emptied, or another one, gets the rows that no cursor has", async () => {
  for (const change of ["emptied", "replaced"]) {
    using disk = new Disk();
    await disk.run(1 + lineOf(1).length);
    if (change === "replaced") Deno.renameSync(disk.path, `${disk.path}.1`);
    Deno.writeTextFileSync(disk.path, "");
    await disk.run(Infinity);
    assert.deepEqual(disk.lines, ALL, change);
  }
});
