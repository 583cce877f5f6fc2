import assert from "node:assert/strict";
import { chooseOrder } from "../../../src/view/choose_columns.ts";
import { LIVE_COLUMNS } from "../../../src/view/ps.ts";
import { firstView, HELP_LINES, pressed, type View } from "../../../src/view/top.ts";
import { edited, meantBy } from "../../../src/view/top_prompt.ts";
import { jobIn } from "../../kit/fakes/job.ts";

const VIEW: View = firstView(chooseOrder("-cpu%", LIVE_COLUMNS));
const HELP = HELP_LINES.join("  ");

function orderAfter(...keys: string[]): string {
  const view = keys.reduce((before, key) => pressed(before, key)!.view, VIEW);
  return `${view.order.isDescending ? "-" : ""}${view.order.column.key}`;
}

Deno.test("pressed() sorts by the key's column, reverses and shows help", () => {
  const orders = ["p", "m", "l", "a", "n"].map((key) => orderAfter(key));
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
  for (const [, key] of HELP.matchAll(/(?:^| {2})(\S)(?= )/g)) assert.ok(pressed(VIEW, key!), key);
  for (const key of ["q", "k", "/", "u", "c", "p", "m", "l", "a", "n", "r", "h"]) {
    assert.match(HELP, new RegExp(`(^|  )${key} `));
  }
  assert.match(HELP, / {2}space /);
});

Deno.test("HELP_LINES fit a usual terminal", () => {
  assert.deepEqual(HELP_LINES.filter((line) => line.length > 80), []);
});

const typedInto = (view: View, text: string): View =>
  [...text].reduce((before, key) => pressed(before, key)!.view, view);

Deno.test("pressed() takes letters for text while a line is typed, and Enter, Escape and ^C for what they are", () => {
  assert.equal(typedInto(VIEW, "/qk h\r").filter, "qk h");
  assert.equal(typedInto(VIEW, "ualice\r").user, "alice");
  assert.equal(typedInto(typedInto(VIEW, "ualice\r"), "u\r").user, null);
  assert.deepEqual(typedInto(VIEW, "/abc\x1b"), VIEW);
  assert.equal(pressed(typedInto(VIEW, "/ab"), "\x03")?.act, "quit");
});

Deno.test("edited() takes back, clears, and takes no control character", () => {
  const line = { text: "aé日" };
  assert.deepEqual([edited(line, "\x7f"), edited(line, "\x15")], [{ text: "aé" }, { text: "" }]);
  for (const key of ["\t", "\x00", "\u202e", "\x9b"]) assert.equal(edited(line, key), null);
  assert.equal(edited({ text: "a".repeat(200) }, "b"), null);
});

Deno.test("meantBy() prefers id, ref, name and beginning of the id in this order, and does not choose among several", () => {
  const job = (id: string, name: string, ref: string | null) =>
    jobIn({ state: "starting" }, { id, name, ref });
  const jobs = [job("aaaaaa", "train", "abbbbb"), job("abbbbb", "aaaaaa", null), job("cccccc", "train", "r")];
  const id = (text: string) => {
    const meant = meantBy(text, jobs);
    return typeof meant === "string" ? meant : meant.spec.id;
  };
  assert.deepEqual(["aaaaaa", "abbbbb", "r", "c"].map(id), ["aaaaaa", "abbbbb", "cccccc", "cccccc"]);
  assert.match(id("train"), /^2 jobs are "train": give an id/);
  assert.match(id("a"), /^2 jobs are "a"/);
  assert.match(id("nix"), /^no live job is "nix"/);
});

Deno.test("pressed() ends a job only after y", () => {
  const jobs = [jobIn({ state: "starting" }, { id: "aaaaaa", name: "train" })];
  const asked = ["k", "t", "r", "a", "i", "n", "\r"].reduce(
    (view, key) => pressed(view, key, jobs)!.view,
    VIEW,
  );
  const yes = pressed(asked, "y", jobs)!;
  assert.deepEqual([yes.act, yes.job?.spec.id, yes.view.prompt], ["end", "aaaaaa", null]);
  for (const key of ["n", "\r", " ", "\x1b"]) {
    const no = pressed(asked, key, jobs)!;
    assert.deepEqual([no.act, no.job, no.view.note], ["show", undefined, "nothing is ended"]);
  }
});
