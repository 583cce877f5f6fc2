/** The model: what is decided, and what is told of it. */
import { editsOf } from "./mutant.ts";

export const JOB = [
  ...editsOf("src/job/decide.ts", [
    [
      "a job is ended one millisecond after its deadline",
      "const overdue = lateMs >= (",
      "const overdue = lateMs > (",
    ],
    ["a living supervisor is not given its grace", "graceMs + HANG_MARGIN_MS : 0)", "HANG_MARGIN_MS : 0)"],
    [
      "others act at the deadline of a supervised job",
      '(seen.supervisor === "alive" ? graceMs',
      '(seen.supervisor === "gone" ? graceMs',
    ],
    [
      "a supervised job is not left alone",
      'if (seen.supervisor === "alive" && !seen.endRequest && !overdue',
      "if (!seen.endRequest && !overdue",
    ],
    ["after a reboot a job is looked at", "if (!seen.sameBoot) return", "if (false) return"],
    ["after a reboot an ending loses its reason", 'endingReason(job) ?? "lost"', '"lost"'],
    [
      "a foreign cgroup is acted upon",
      'if (seen.cgroup === "foreign") return { do: "report", finding: "foreign-cgroup" };\n  switch',
      "switch",
    ],
    [
      "an unkillable job's foreign cgroup is acted upon",
      'if (seen.sameBoot && seen.cgroup === "foreign")',
      "if (false)",
    ],
    [
      "an unkillable job of an earlier boot is killed",
      "const left = seen.sameBoot && seen.cgroup",
      "const left = seen.cgroup",
    ],
    [
      "an unkillable job gets a grace again",
      'reason: "unkillable", exit: null, skipGrace: true',
      'reason: "unkillable", exit: null, skipGrace: false',
    ],
    ["a cgroup known by nothing but its name is killed", 'if (run === null) return { do: "leave" };', ""],
    [
      "the cgroup of an ended job is taken from its supervisor",
      '|| seen.supervisor === "alive") return { do: "leave" }',
      ') return { do: "leave" }',
    ],
    ["a launch that takes its time is ended", "<= LAUNCH_CAP_MS", "< LAUNCH_CAP_MS"],
    ["an adoption cut short kills who ran before", "if (adopted && seen.cgroup", "if (false && seen.cgroup"],
    [
      "a kill of an adoption cut short only lets go",
      '&& !seen.endRequest) {\n    return { do: "release"',
      ') {\n    return { do: "release"',
    ],
    [
      "a request comes before the leader's own exit",
      "if (!seen.leader.alive) return endOrCollect(reasonOfExit",
      "if (!seen.leader.alive && !seen.endRequest) return endOrCollect(reasonOfExit",
    ],
    [
      "an orphan is never ended",
      'const isOrphan = seen.supervisor === "gone" && seen.onOrphan',
      "const isOrphan = false && seen.onOrphan",
    ],
    ["orphans are ended although they may stay", ' && seen.onOrphan === "kill"', ""],
    ["a caller that is gone is not noticed", "isOrphan || seen.callerGone", "isOrphan"],
    [
      "a vanished cgroup is waited for",
      'if (seen.cgroup === "gone") return { do: "collect", reason: "lost"',
      'if (false) return { do: "collect", reason: "lost"',
    ],
    [
      "the supervisor waits for ever",
      "untilBootMs: lateMs === -Infinity ? null : seen.bootMs - lateMs",
      "untilBootMs: null",
    ],
    ["an ending taken up has its whole grace again", "endingBootMs + graceMs - seen.bootMs)", "graceMs)"],
    ["an ending of unknown age gets a grace", "endingBootMs === null ? 0", "endingBootMs === null ? graceMs"],
    ["an ending that hangs is never taken over", "!seen.endRequest && !hangs)", "!seen.endRequest)"],
    [
      "an ending is taken from who is at it",
      'if (seen.supervisor === "alive" && !seen.endRequest && !hangs)',
      "if (false)",
    ],
    [
      "an ending gets another reason",
      'if (seen.endRequest) return { do: "end", reason, exit',
      'if (seen.endRequest) return { do: "end", reason: "killed", exit',
    ],
    [
      "the owner's word ends what has no processes",
      'return seen.finishedByOwner && seen.leader.alive && seen.cgroup === "populated"',
      "return seen.finishedByOwner",
    ],
    [
      "an empty cgroup is terminated",
      'if (seen.cgroup !== "populated") return { do: "collect", reason, exit };\n  return { do: "end"',
      'return { do: "end"',
    ],
    ["a hurried request gets its grace", "seen.endRequest?.skipGrace ?? false", "false"],
    [
      "an OOM kill of a child is the job's",
      "seen.oomKills > 0 && (diedOfKill || unseen)",
      "seen.oomKills > 0",
    ],
    ["OOM is called a signal", 'return "oom"', 'return "signaled"'],
    ["137 is not KILL", " || exit.code === KILLED_CODE", ""],
    ["dying of TERM past the deadline is a signal", "exit.signal === TERM_SIGNAL || ", ""],
  ], ["job"]),
  ...editsOf("src/job/outcome.ts", [
    [
      "a time-out passes on the command's exit code",
      "if (ENDED_BY_LIMIT.has(reason)) return EXIT.TIMEOUT;",
      "",
    ],
    ["an unkillable job looks like its command", 'reason === "unkillable" || ', ""],
    ["a killed job does not tell the signal", 'reason === "killed" && stopSignal !== null', "false"],
    ["death by a signal is a plain number", "EXIT.SIGNAL_BASE + (exit.signal ?? 9)", "exit.signal ?? 9"],
    ["a failure counts as success", "outcome.exit.code === 0", "outcome.exit.code !== null"],
  ]),
  ...editsOf("src/job/limits.ts", [
    [
      "the kernel may kill single processes of a limited job",
      "return memoryMaxBytes !== null;",
      "return false;",
    ],
  ], ["act/launch/launch_test.ts"]),
  ...editsOf("src/job/figures.ts", [
    ["user time is system time", 'flat("cpu.stat", "user_usec")', 'flat("cpu.stat", "system_usec")'],
    [
      "throttled periods are all periods",
      'flat("cpu.stat", "nr_throttled")',
      'flat("cpu.stat", "nr_periods")',
    ],
  ], ["cgroup/usage_test.ts"]),
  ...editsOf("src/job/series.ts", [
    ["more points are kept than are shown", ">= MAX_POINTS) {", "> MAX_POINTS * 2) {"],
    [
      "the poorer of two samples stays",
      "(before.memoryBytes ?? -1) > (after",
      "(before.memoryBytes ?? -1) < (after",
    ],
    ["the pause has no upper bound", "Math.min(ageMs / AGE_SHARE, LONGEST_PAUSE_MS)", "ageMs / AGE_SHARE"],
  ]),
  ...editsOf("src/job/usage.ts", [
    ["the lower of two peaks stays", "return Math.max(one, other)", "return Math.min(one, other)"],
    ["what one of them does not know is unknown", "return one ?? other", "return null"],
  ], ["observe/sampling_test.ts"]),
];
