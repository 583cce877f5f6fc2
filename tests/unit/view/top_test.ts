import assert from "node:assert/strict";
import { chooseOrder } from "../../../src/view/choose_columns.ts";
import { LIVE_COLUMNS } from "../../../src/view/ps.ts";
import { HELP, pressed, type View } from "../../../src/view/top.ts";

const VIEW: View = { order: chooseOrder("-cpu%", LIVE_COLUMNS), showsHelp: false };

function orderAfter(...keys: string[]): string {
  const view = keys.reduce((before, key) => pressed(before, key)!.view, VIEW);
  return `${view.order.isDescending ? "-" : ""}${view.order.column.key}`;
}

Deno.test("pressed() sorts by the key's column, reverses and shows help", () => {
  const orders = ["c", "m", "l", "a", "n"].map((key) => orderAfter(key));
  assert.deepEqual(orders, ["-cpu%", "-mem", "left", "-age", "name"]);
  assert.deepEqual([orderAfter("m", "r"), orderAfter("m", "r", "r"), orderAfter("m", "r", "m")], [
    "mem",
    "-mem",
    "-mem",
  ]);
  assert.deepEqual(["h", "?"].map((key) => pressed(VIEW, key)), [
    { view: { ...VIEW, showsHelp: true }, act: "show" },
    { view: { ...VIEW, showsHelp: true }, act: "show" },
  ]);
});

Deno.test("pressed() tells quitting and refreshing, and knows no other key", () => {
  assert.deepEqual(["q", "\x03", " "].map((key) => pressed(VIEW, key)?.act), ["quit", "quit", "refresh"]);
  for (const key of ["x", "Q", "\x1b", "\r", "toString", "é", ""]) {
    assert.equal(pressed(VIEW, key), null, key);
  }
});

Deno.test("HELP names every key that pressed() knows", () => {
  for (const [, key] of HELP.matchAll(/(?:^| {2})(\w)(?= )/g)) assert.ok(pressed(VIEW, key!), key);
  for (const key of ["q", "c", "m", "l", "a", "n", "r", "h"]) assert.match(HELP, new RegExp(`(^|  )${key} `));
  assert.match(HELP, / {2}space /);
});
