/** Waiting for the end of jobs, and the output that is printed meanwhile. */
import { editsOf } from "./mutant.ts";

export const ACT_WAIT = [
  ...editsOf("src/act/wait/wait_for_jobs.ts", [
    ["one of several is enough", "any && ended > 0", "ended > 0"],
    ["the first of several is not enough", "any && ended > 0 ||", "false ||"],
    ["a wait has no end", "if (leftMs <= 0) return false;", ""],
    ["the guard is given no time", "if (looks < GUARD_LOOKS) return;", ""],
    ["nothing is recorded for a dead supervisor", 'if (action.do === "collect")', "if (false)"],
    ["what lives is ended", 'if (action.do === "collect")', 'if (action.do !== "report")'],
    ["a store that is gone is waited for", "&& !StoreFile.isGone(error)", ""],
    [
      "a store that fails once ends the wait",
      "if (!mayPass || now - this.#failingSinceMs",
      "if (true || now",
    ],
    ["a remark comes every second", "this.#said.add(id);", ""],
    ["the order of the ends is lost", "endedAt(one) - endedAt(other)", "endedAt(other) - endedAt(one)"],
  ], ["cli/commands/wait_test.ts"]),
  ...editsOf("src/job/outcome.ts", [
    ["what no process saw did well", "return adopted ? EXIT.DONE : EXIT.CORRAL_FAILED;", "return EXIT.DONE;"],
  ]),
  ...editsOf("src/linux/growing_file.ts", [
    ["a FIFO is read", "if (info.isFile())", "if (true)"],
    ["root follows a link", "(isRoot ? O_NOFOLLOW : 0)", "0"],
    ["root reads what others can change", "  if (isRoot) {", "  if (false) {"],
    ["a truncated file is read on", "if (size < file.offset) file.offset = 0;", ""],
    ["the file that was renamed is let go", "const FORMER_FILES = 8;", "const FORMER_FILES = 1;"],
    ["the end of the last line begins another", "|| start + at === size - 1", ""],
  ]),
  ...editsOf("src/linux/copied_output.ts", [
    [
      "the last words are lost",
      "const isLast = over.aborted;",
      "if (over.aborted) return;\n    const isLast = false;",
    ],
    ["a rotation is not seen", "    rotation.look();\n", ""],
    ["a removal is said each second", "this.#wasSaid = true;", ""],
  ]),
  ...editsOf("src/linux/copied_apart.ts", [
    ["silence is borne", "if (this.#silentMs > silenceCapMs)", "if (false)"],
    ["a failure is nothing", "if (this.#failure !== null) throw", "if (false) throw"],
  ]),
  ...editsOf("src/linux/process_exits.ts", [
    ["another process with its pid is held", "this.procs.isAlive(identity, bootId)", "true"],
    ["an exit is no notice", "!== 0) this.release(key);", "!== 0) void key;"],
  ]),
];
