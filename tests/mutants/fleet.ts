/** Many nodes as one, and each ended job once. */
import { editsOf } from "./mutant.ts";

const FROM = ["store/merged_store_test.ts", "cli/commands/report_from_test.ts"];
const CURSOR = ["act/cursor/killed_test.ts"];
const ENDINGS = ["store/endings_test.ts", "cli/commands/report_cursor_test.ts"];

export const FLEET = [
  ...editsOf("src/store/merged_store.ts", [
    [
      "jobs of two nodes with one id are one",
      "const KEY = `id, ${HOST_COLUMN}, uid, created_at_ms`",
      "const KEY = `id, uid`",
    ],
    ["a job lives again", " WHERE jobs.state <> 'ended' OR excluded.state = 'ended'`", "`"],
    ["a node speaks for others", "return isHostName(prefix) ? prefix : null;", "return host;"],
  ], FROM),
  ...editsOf("src/store/nodes_heard.ts", [
    [
      "a node that was cut short is whole",
      "if (last === null || open > 0) return",
      "if (last === null) return",
    ],
    ["rows that are missing are not", "if (taken !== end.rows)", "if (taken > end.rows)"],
  ], FROM),
  ...editsOf("src/act/cursor/print_endings.ts", [
    [
      "the cursor says nothing of what is being written",
      "if (hasLines && !isPendingWritten && output.pending !== null) file.write(now);",
      "",
    ],
    [
      "the cursor moves before the rows are written",
      "if (hasLines && !output.write(piece.lines)) return false;\n    now = advanced(now, piece);",
      "now = advanced(now, piece);\n    if (hasLines) file.write(now);\n    if (hasLines && !output.write(piece.lines)) return false;",
    ],
  ], CURSOR),
  ...editsOf("src/act/cursor/row_output.ts", [
    [
      "what a killed run wrote is written again",
      'const missing = lines.filter((line) => !this.#written.has(keyOf(line) ?? ""));',
      "const missing = lines;",
    ],
    [
      "a torn line is not completed",
      "if (torn.length === 0) return encoded(lines);",
      "return encoded(lines);",
    ],
  ], CURSOR),
  ...editsOf("src/store/endings.ts", [
    ["a store that was put back is believed", "if (after <= last) return", "if (true) return"],
  ], ENDINGS),
];
