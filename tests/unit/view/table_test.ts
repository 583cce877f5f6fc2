import assert from "node:assert/strict";
import { type Column, renderTable } from "../../../src/view/table.ts";
import { measureFor } from "../../../src/view/width.ts";
import { seededRandom } from "../../kit/fakes/value_refusal.ts";

const COLUMNS: readonly Column[] = [
  { key: "id", title: "id", align: "left" },
  { key: "name", title: "name", align: "left", shrink: true },
  { key: "memory", title: "mem%", align: "right" },
  { key: "command", title: "command", align: "left", shrink: true },
];
const PIPE = { widthColumns: null, colour: false };

Deno.test("renderTable() aligns under upper-case titles without trailing spaces", async () => {
  const rows = [
    { id: "7k2m9q", name: "fastsurfer", memory: "93%", command: "python3 run.py" },
    { id: "22abcd", name: "x", memory: "1600%", command: "sh" },
  ];
  assert.equal(
    await renderTable(COLUMNS, rows, PIPE),
    [
      "ID      NAME         MEM%  COMMAND",
      "7k2m9q  fastsurfer    93%  python3 run.py",
      "22abcd  x           1600%  sh",
      "",
    ].join("\n"),
  );
});

Deno.test("renderTable() shows - for a missing or empty cell, and titles alone without rows", async () => {
  assert.equal(
    await renderTable(COLUMNS, [{ id: "7k2m9q", name: "" }], PIPE),
    "ID      NAME  MEM%  COMMAND\n7k2m9q  -        -  -\n",
  );
  assert.equal(await renderTable(COLUMNS, [], PIPE), "ID  NAME  MEM%  COMMAND\n");
});

Deno.test("renderTable() lets no cell forge a row or colour the terminal", async () => {
  const text = await renderTable(COLUMNS, [{
    id: "a\n7k2m9q",
    name: "\x1b[31mred",
    memory: "1%",
    command: "\u202e",
  }], PIPE);
  assert.equal(text.split("\n").length, 3);
  assert.match(text, /a\\n7k2m9q {2}\\x1b\[31mred/);
  assert.match(text.replaceAll("\n", ""), /^[^\p{C}]*$/u);
});

Deno.test("renderTable() makes titles bold only when colour is asked for", async () => {
  const rows = [{ id: "7k2m9q" }];
  const plain = await renderTable(COLUMNS, rows, PIPE);
  const lines = (await renderTable(COLUMNS, rows, { widthColumns: null, colour: true })).split("\n");
  assert.equal(lines[0], `\x1b[1m${plain.split("\n")[0]}\x1b[22m`);
  assert.equal(lines[1], plain.split("\n")[1]);
});

Deno.test("renderTable() cuts the widest shrinkable cells to the terminal, and nothing in a pipe", async () => {
  const rows = [{ id: "7k2m9q", name: "n".repeat(20), memory: "1%", command: "c".repeat(10_000) }];
  const cut = (await renderTable(COLUMNS, rows, { widthColumns: 60, colour: false })).split("\n");
  assert.equal(cut[1], `7k2m9q  ${"n".repeat(20)}    1%  ${"c".repeat(23)}…`);
  const narrow = (await renderTable(COLUMNS, rows, { widthColumns: 10, colour: false })).split("\n");
  assert.equal(narrow[1], "7k2m9q");
  const tiny = (await renderTable(COLUMNS, rows, { widthColumns: 4, colour: false })).split("\n");
  assert.equal(tiny[1], "7k2…");
  assert.ok((await renderTable(COLUMNS, rows, PIPE)).length > 10_000);
});

Deno.test("renderTable() leaves out what does not fit: empty columns first, then from the right, and cuts no name below 16 for it", async () => {
  const columns: Column[] = [
    { key: "id", title: "id", align: "left" },
    { key: "ref", title: "ref", align: "left" },
    { key: "name", title: "name", align: "left", shrink: true },
    { key: "exit", title: "exit", align: "right", isKept: true },
    { key: "cpu", title: "cpu", align: "right" },
    { key: "wall", title: "wall", align: "right" },
  ];
  const rows = [{ id: "7k2m9q", name: "n".repeat(30), exit: "137", cpu: "14s", wall: "1m01s" }];
  const titles = async (widthColumns: number, isWide = false) =>
    (await renderTable(columns, rows, { widthColumns, colour: false, isWide })).split("\n")[0]!.split(/ +/)
      .join(" ");
  assert.equal(await titles(60), "ID REF NAME EXIT CPU WALL");
  assert.equal(await titles(45), "ID NAME EXIT CPU WALL");
  assert.equal(await titles(40), "ID NAME EXIT CPU");
  assert.equal(await titles(30), "ID NAME EXIT");
  assert.equal(await titles(22), "ID NAME EXIT");
  assert.equal(await titles(20), "ID EXIT");
  assert.equal(await titles(20, true), "ID REF NAME EXIT CPU WALL");
});

Deno.test("renderTable() keeps columns straight under hostile cells", async () => {
  const random = seededRandom(9);
  const pieces = [
    "a",
    "值",
    "😀",
    "e\u0301",
    "\n",
    "\x1b[1m",
    "\u200d",
    "👍🏽",
    " ",
    "\ud800",
    "x".repeat(30),
    "ｱ",
    "\u0600",
  ];
  const cell = () => Array.from({ length: 5 }, () => pieces[Math.floor(random() * pieces.length)]).join("");
  const columns: Column[] = [
    { key: "a", title: "a", align: "left", shrink: true },
    { key: "b", title: "b", align: "right", shrink: true, isKept: true },
    { key: "end", title: "end", align: "left", isKept: true },
  ];
  const measure = await measureFor(["值"]);
  for (let round = 0; round < 100; round++) {
    const rows = Array.from({ length: 10 }, () => ({ a: cell(), b: cell(), end: "|end" }));
    const widthColumns = round % 2 === 0 ? null : 30 + round;
    const lines = (await renderTable(columns, rows, { widthColumns, colour: false })).trimEnd().split("\n");
    assert.equal(lines.length, 11);
    const starts = lines.slice(1).map((line) => measure(line.slice(0, line.lastIndexOf("|end"))));
    assert.equal(new Set(starts).size, 1, lines.join("\n"));
    if (widthColumns !== null) {
      assert.ok(lines.every((line) => measure(line) <= widthColumns), lines.join("\n"));
    }
  }
});

Deno.test("renderTable() renders 10,000 rows of 14 columns in well under a second", async () => {
  const columns: Column[] = Array.from(
    { length: 14 },
    (_, index) => ({ key: `k${index}`, title: `t${index}`, align: "left" }),
  );
  const rows = Array.from(
    { length: 10_000 },
    (_, row) => Object.fromEntries(columns.map(({ key }, index) => [key, `value${row * index}`])),
  );
  const started = performance.now();
  const text = await renderTable(columns, rows, { widthColumns: 200, colour: false });
  const tookMs = performance.now() - started;
  assert.equal(text.split("\n").length, 10_002);
  assert.ok(tookMs < 5_000, `${tookMs} ms`);
});
