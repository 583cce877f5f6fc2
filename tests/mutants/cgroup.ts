/** The one door to cgroupfs, and what ends everything behind it. */
import { editsOf } from "./mutant.ts";

export const CGROUP = [
  ...editsOf("src/job/names.ts", [
    ["a path with dots is plain", 'segment !== "." && segment !== ".."', "true"],
    ["a path with a newline is plain", String.raw`/[\0\n]/.test(path)`, "false"],
    ["the name of any job will do", "path.endsWith(`/corral/${id}`)", 'path.includes("/corral/")'],
    [
      "a slice of any job will do",
      "path.endsWith(`/corral.slice/corral-${id}.slice`)",
      'path.includes("/corral.slice/corral-")',
    ],
    [
      "any slice that ends as the job's will do",
      "slicesAtEnd(path).at(-1) === id",
      "path.endsWith(`-${id}.slice`)",
    ],
    ["the outer job of a slice will do", "slicesAtEnd(path).at(-1) === id", "slicesAtEnd(path).includes(id)"],
    [
      "the way of slices is not looked at",
      "path.endsWith(`/corral.slice${way}`) ? jobsOfSlice(name) : []",
      "way !== '' ? jobsOfSlice(name) : []",
    ],
  ], ["cgroup/file_test.ts", "job"]),
  ...editsOf("src/cgroup/file.ts", [
    [
      "any path is a job's own",
      "if (!isPlain(record.path) || !bearsName(record.path, id)) {",
      "if (false) {",
    ],
    [
      "corral kills itself",
      "if (`${this.ownPath}/`.startsWith(`${record.path}/`)) throw",
      "if (false) throw",
    ],
    [
      "corral takes a neighbour of its own cgroup for its own",
      "`${this.ownPath}/`.startsWith(`${record.path}/`)",
      "this.ownPath.startsWith(record.path)",
    ],
    [
      "the inode is not looked at before it is owned",
      "if (inode !== record.inode) throw",
      "if (inode === null) throw",
    ],
    [
      "the inode is not looked at again at a write",
      "&& this.inode(record.path) === record.inode",
      "&& this.inode(record.path) !== null",
    ],
    ["a symbolic link is a cgroup", "info.isDirectory ? info.ino : null", "info.ino"],
    [
      "a write does not check whose the cgroup is",
      "this.#mustExist(name);\n    try {\n      this",
      "try {\n      this",
    ],
    [
      "a process is moved into whatever is there",
      "this.#mustExist(name);\n    try {\n      Deno",
      "try {\n      Deno",
    ],
    [
      "a write makes a file",
      "Deno.writeTextFileSync(name, value, { create: false })",
      "Deno.writeTextFileSync(name, value)",
    ],
    ["corral moves itself in", "if (!isSinglePid(pid)) throw", "if (false) throw"],
    ["a removal takes what is not the job's", "if (!this.exists()) return true;", ""],
    [
      "children are removed after their parents",
      "return found.reverse();",
      "return found;",
    ],
    [
      "processes in nested cgroups are not seen",
      "const listed = paths.flatMap((path)",
      "const listed = [this.path].flatMap((path)",
    ],

    ["a file name leads elsewhere", 'if (file.includes("/")) throw', "if (false) throw"],
  ]),
  ...editsOf("src/base/errno.ts", [
    [
      "every error counts as vanished",
      'return ["ENOENT", "ENODEV", "ESRCH"].includes(errorCode(error) ?? "");',
      "return errorCode(error) !== null;",
    ],
    ["a process that is gone has not vanished", '["ENOENT", "ENODEV", "ESRCH"]', '["ENOENT", "ENODEV"]'],
    ["a refusal is no refusal", '["EACCES", "EPERM"]', '["EACCES"]'],
  ]),
  ...editsOf("src/cgroup/events.ts", [
    [
      "a cgroup that cannot be told is populated",
      "return { populated: false, frozen: false };",
      "return { populated: true, frozen: false };",
    ],
    ["nothing is ever frozen", 'values.get("frozen") === 1', "false"],
    ["a wait has no cap", "if (leftMs <= 0 || stop?.aborted)", "if (stop?.aborted)"],
    ["a wait does not stop", "if (leftMs <= 0 || stop?.aborted)", "if (leftMs <= 0)"],
    ["it is looked at by itself all the time", "notices.come ? recheckMs ?? lookMs : lookMs", "lookMs"],
  ]),
  ...editsOf("src/linux/notices.ts", [
    ["no notice of the kernel is taken", "        this.#wake();\n", ""],
  ]),
  ...editsOf("src/cgroup/freezer.ts", [
    ["a freeze that fails is left", "if (!frozen) thaw(cgroup);", ""],
    ["a freeze is not waited for", "events.frozen || !events.populated", "true"],
    ["a freeze of what is gone is waited for", "events.frozen || !events.populated", "events.frozen"],
    [
      "a thaw fails for what is gone",
      'if (cgroup.exists()) cgroup.write("cgroup.freeze", "0")',
      'cgroup.write("cgroup.freeze", "0")',
    ],
    [
      "what is being frozen is not frozen yet",
      'return readEvents(cgroup).frozen || cgroup.read("cgroup.freeze")?.trim() === "1";',
      "return readEvents(cgroup).frozen;",
    ],
  ], ["cgroup", "act/end", "cli/commands/freeze_test.ts"]),
  ...editsOf("src/cgroup/terminate.ts", [
    ["no first signal is sent", "if (polite && await", "if (false && await"],
    [
      "the first signal is sent also in a hurry",
      "options.signal !== null && !options.skipGrace?.aborted",
      "options.signal !== null",
    ],
    [
      "it is not frozen for the signal",
      "const frozen = await freeze(cgroup, options.freezeCapMs ?? FREEZE_CAP_MS);",
      "const frozen = false;",
    ],
    [
      "it stays frozen after the signal",
      "} finally {\n    thaw(cgroup);\n  }\n  cgroup.thawBelow();",
      "} finally { /* nothing */ }\n  cgroup.thawBelow();",
    ],
    ["a stopped process is left stopped", 'state === "T") trySignal', 'state === "?") trySignal'],
    ["what is frozen below stays so", "  cgroup.thawBelow();\n", ""],
    ["it is thawed before the signal", "let sent = 0;", "thaw(cgroup);\n  let sent = 0;"],
    [
      "it is signalled without a look where it is",
      "frozen ? procs.signalFrozen(pid, one)",
      "true ? procs.signalFrozen(pid, one)",
    ],
    [
      "the first process that may not be signalled ends the round",
      'if (!isForbidden(error)) throw error;\n    return "refused";',
      "throw error;",
    ],
    ["refusals are not counted", 'if (outcome === "refused") refused++;', ""],
    ["there is no grace", "capMs: options.graceMs,", "capMs: 0,"],
    ["the grace cannot be cut short", "stop: options.skipGrace,", ""],
    ["an empty cgroup is killed", "if (!readEvents(cgroup).populated) return [];", ""],
    ["cgroup.kill is not written", 'cgroup.writeOptional("cgroup.kill", "1")', "true"],
    [
      "cgroup.kill gets a 0",
      'cgroup.writeOptional("cgroup.kill", "1")',
      'cgroup.writeOptional("cgroup.kill", "0")',
    ],
    [
      "without cgroup.kill nothing is killed",
      ": await killOneByOne(cgroup, procs",
      ": await waitForKilled(cgroup, procs",
    ],
    [
      "there is no second KILL",
      "killEach(cgroup, procs);\n  return await waitForEvents",
      "return await waitForEvents",
    ],
    [
      "the second KILL comes at once",
      "if (await waitForEvents(cgroup, isEmpty, { capMs: firstMs })) return true;",
      "",
    ],
    ["the second KILL comes at the very end", "Math.min(capMs, MISSED_AFTER_MS)", "capMs"],
    ["what is left after the kill stays frozen", "thawOrRecord(cgroup, options);\n  return", "return"],
    [
      "a thaw that fails ends it all",
      "try {\n    thaw(cgroup);\n  } catch (error) {",
      "thaw(cgroup);\n  try { /* nothing */ } catch (error) {",
    ],
    ["survivors are not told", "return empty ? [] : describeSurvivors(cgroup, procs)", "return []"],
    [
      "a step that the kernel refuses is the last",
      "if (!(error instanceof CgroupError)) throw error;",
      "throw error;",
    ],
    [
      "a step that failed is not told",
      'if (cgroup.exists()) onStep("step-failed", { step, message: error.message });',
      "",
    ],
    ["every error is a step that failed", "if (!(error instanceof CgroupError)) throw error;", ""],
    [
      "a KILL goes to whoever has the pid",
      "procs.signalIn(cgroup.path, pid, KILL)",
      "procs.signalFrozen(pid, KILL)",
    ],
    [
      "single KILLs are sent unfrozen",
      'await continueOnRefusal("freeze", freezing, { ...options, cgroup });',
      "void freezing;",
    ],
    ["single KILLs are sent once", "} while (performance.now() < until);", "} while (false);"],
    ["the kill deadline is a second", "KILL_CAP_MS = 10_000", "KILL_CAP_MS = 1_000"],
    ["TERM takes the place of KILL", 'const KILL = parseSignal("KILL")', 'const KILL = parseSignal("TERM")'],
  ], ["cgroup/terminate_test.ts", "act/end/end_job_test.ts"]),
  ...editsOf("src/cgroup/survivors.ts", [
    ["one that has left meanwhile is told", "if (stat === null) return [];", ""],
    ["nobody knows what blocks it", "if (known) return known[1];", ""],
  ]),
  ...editsOf("src/cgroup/usage.ts", [
    [
      "OOM kills are not counted",
      'const kills = flat(file, "memory.events").get("oom_kill")',
      'const kills = flat(file, "memory.events").get("oom")',
    ],
    ["an OOM in a part of the job ended it", "diesAsOne) return 0;", "diesAsOne) return kills;"],
    [
      "a missing figure is 0",
      "return text === null ? null : parseCount(text, file.locate(name));",
      "return text === null ? 0 : parseCount(text, file.locate(name));",
    ],
    ["devices are counted one by one", "(total, device) => total + device", "(_, device) => device"],
  ], ["cgroup/usage_test.ts", "observe/job_test.ts"]),
  ...editsOf("src/job/figures.ts", [
    ["pressure of all is pressure of some", 'pressure("memory", "full")', 'pressure("memory", "some")'],
    ["seconds are milliseconds", "metricFactor: 1e-3", "metricFactor: 1"],
  ], ["cgroup/usage_test.ts", "cli/commands/report_test.ts", "view/report/openmetrics_test.ts"]),
];
