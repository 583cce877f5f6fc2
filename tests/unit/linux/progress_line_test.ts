import assert from "node:assert/strict";
import { ProgressLine } from "../../../src/linux/progress_line.ts";

/** A line on a terminal of 20 columns, whose clock a test sets. */
function onTerminal() {
  const terminal = { text: "", nowMs: 0 };
  const write = (text: string) => void (terminal.text += text);
  return { terminal, line: new ProgressLine(write, () => 20, () => terminal.nowMs) };
}

Deno.test("ProgressLine shows nothing of short work", () => {
  const { terminal, line } = onTerminal();
  terminal.nowMs = 999;
  line.tell(() => assert.fail("nothing to say"));
  line.clear();
  assert.equal(terminal.text, "");
});

Deno.test("ProgressLine rewrites its line a few times a second, and takes it away once", () => {
  const { terminal, line } = onTerminal();
  for (const [nowMs, words] of [[1_000, "one"], [1_100, "too soon"], [1_200, "two"]] as const) {
    terminal.nowMs = nowMs;
    line.tell(() => words);
  }
  line.clear();
  line.clear();
  assert.equal(terminal.text, "\r\x1b[Kone\r\x1b[Ktwo\r\x1b[K");
});

Deno.test("ProgressLine cuts what would wrap", () => {
  const { terminal, line } = onTerminal();
  terminal.nowMs = 5_000;
  line.tell(() => "x".repeat(30));
  assert.equal(terminal.text, `\r\x1b[K${"x".repeat(19)}`);
});

Deno.test("ProgressLine is not seen where there is no terminal", () => {
  const line = new ProgressLine(null, () => 20, () => 1e6);
  line.tell(() => assert.fail("nothing to say"));
  line.clear();
  assert.equal(line.isSeen, false);
});
