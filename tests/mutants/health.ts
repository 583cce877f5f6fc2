/** No job is judged by less than the looks that it takes, and none that could not act. */
import { editsOf } from "./mutant.ts";

const JUDGE = ["health/judge_test.ts"];
const WATCH = ["act/health/health_watch_test.ts"];

export const HEALTH = [
  ...editsOf("src/health/judge.ts", [
    ["a frozen job is judged", "const isJudged = !frozen && !before.frozen;", "const isJudged = true;"],
    [
      "a thawed job is judged at once",
      "const isJudged = !frozen && !before.frozen;",
      "const isJudged = !frozen;",
    ],
    ["a gap between looks counts as a whole", "Math.min(passedMs, idle.afterMs / LOOKS)", "passedMs"],
    ["so it does for a heartbeat", "Math.min(passedMs, dueMs(heartbeat, before) / LOOKS)", "passedMs"],
    ["what could not run is silent", "Math.max(0, countedMs - stalledMs(before, look))", "countedMs"],
    ["a throttled job is idle", ' || grew("cpuWaitUsec")', ""],
    ["output is no sign", ' || differs("output")', ""],
    ["a process in the kernel is idle", "look.stuck === null && isMeasured", "isMeasured"],
    ["a file that goes is a beat", "now !== then && now !== NO_FILE", "now !== then"],
    [
      "an unknown answer keeps the strikes",
      "before.command.strikes + 1 : 0",
      "before.command.strikes + 1 : before.command.strikes",
    ],
    ["the time counts from the start", "isCounting: false, quietMs: 0", "isCounting: true, quietMs: 0"],
  ], JUDGE),
  ...editsOf("src/job/health.ts", [
    ["a report is an end", 'idle?.action === "kill" && ', ""],
  ], JUDGE),
  ...editsOf("src/act/health/health_watch.ts", [
    ["events that were not saved are lost", "this.#unsaved.push(", "this.#unsaved = []; this.#unsaved.push("],
    ["an idle job is not reported", "this.on.journal(entry);", ""],
  ], WATCH),
  ...editsOf("src/act/health/without_supervisor.ts", [
    ["a sweep looks beside a supervisor", "heldUpLook(node)(watch.supervisor.pid) !== null", "true"],
    ["a sweep looks beside a guard", "watch === null || !isStale(job, seen.bootMs)", "watch === null"],
  ], WATCH),
];
