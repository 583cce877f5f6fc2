/** How cgroups are made and limited, and what is seen of jobs. */
import { editsOf } from "./mutant.ts";

export const BACKEND = [
  ...editsOf("src/backend/backend.ts", [
    [
      "systemd ends a job before corral can",
      "timeoutMs + graceMs + BACKSTOP_MARGIN_MS",
      "timeoutMs + BACKSTOP_MARGIN_MS",
    ],
    ["systemd ends a job at its deadline", "timeoutMs + graceMs + BACKSTOP_MARGIN_MS", "timeoutMs"],
    ["any name is a job's", "id !== undefined && isJobId(id)", "id !== undefined"],
  ], ["backend"]),
  ...editsOf("src/backend/systemd_backend.ts", [
    ["there is no backstop", "backstopMs: backstopMs(spec.timeoutMs, spec.graceMs)", "backstopMs: null"],
    [
      "systemd is believed",
      "if (scopePath?.endsWith(suffix) && bearsName(slicePath, id)) return",
      "if (scopePath) return",
    ],
    ["a slice that lies elsewhere is taken", "&& bearsName(slicePath, id)) return", ") return"],
    ["jobs in a job lie beside it", "      outer: this.outer,", "      outer: [],"],
    [
      "the slice of a job in a job is not listed",
      "bearsName(path, id)\n    );",
      "!path.includes('-x')\n    );",
    ],
    [
      "what did not arrive stays",
      "if (this.#unanswered !== id) await this.#stopSlice(id);",
      "",
    ],
    ["a mount that is read-only is not noticed", 'cgroup.write("cgroup.freeze", "0");', ""],
    [
      "a cgroup that cannot be written to stays",
      "await this.#stopSlice(spec.id);\n      throw clearly(error, this.fs);",
      "throw clearly(error, this.fs);",
    ],
    [
      "the drop-in stays",
      "removeDropIn(this.systemd.dropInDirectory(scopeName(id)));\n    // Those",
      "// Those",
    ],
    [
      "the slice stays",
      "await stopSlice(this.systemd, unitOf(cgroup),",
      "void ((..._: unknown[]) => 0)(this.systemd, unitOf(cgroup),",
    ],
    [
      "a removal is not waited for",
      "if (await poll(isGone, REMOVE_CAP_MS)) return;",
      "return;",
    ],
    ["systemd does not read the new deadline", "() => this.systemd.reload()", "() => Promise.resolve()"],
    [
      "processes are moved into the slice itself",
      "moveIn(cgroup, scopeName(cgroup.id), pids)",
      'moveIn(cgroup, "", pids)',
    ],
  ]),
  ...editsOf("src/backend/stop_slice.ts", [
    [
      "a unit that is gone is an error",
      "if (error.errorName === NO_SUCH_UNIT) return;",
      "if (error.errorName === NO_SUCH_UNIT) throw error;",
    ],
    [
      "every refusal of a stop is fine",
      "if (error.errorName === NO_SUCH_UNIT) return;",
      "return;",
    ],
    ["what systemd holds frozen is not thawed", "await thawUnits(systemd, [...frozen(), slice]);", ""],
  ]),
  ...editsOf("src/backend/backstop_drop_in.ts", [
    ["the deadline is in seconds", "`${Math.ceil(sinceStartMs)}ms`", "`${Math.ceil(sinceStartMs)}s`"],
    ["a lifted deadline stays", 'sinceStartMs === null ? "infinity"', 'sinceStartMs === null ? "1s"'],
  ]),
  ...editsOf("src/backend/nest.ts", [
    ["a job in a job lies beside it", "if (backend !== null) return backend;", ""],
    ["what cannot lie in the job lies beside it", "if (!bestEffort) {", "if (false) {"],
    ["root goes into a user's job", "if (uid !== node.uid) return", "if (false) return"],
    [
      "a job of another manager is as good",
      "if (!outer.path.startsWith(`${backend.top}/`)) return",
      "if (false) return",
    ],
    [
      "the other backend is as good",
      'wanted !== "auto" && wanted !== outer.backend',
      "false",
    ],
    [
      "a cgroup that is full is as good",
      "if (hasProcesses && fs.controllers(path).size > 0) {",
      "if (false) {",
    ],
  ], ["backend/nest_test.ts"]),
  ...editsOf("src/backend/cgroupfs_backend.ts", [
    ["a job in a job has no controllers", "if (this.#isNested) this.#handOn(this.root);", ""],
    [
      "the guard of a job in a job ends with that",
      "return `${this.#top}/corral`;",
      "return `${this.root}/corral`;",
    ],
    ["jobs in jobs are not listed", "(path) => `${path}/corral`", "(path) => `${path}/x`"],
    [
      "another's cgroup is taken over",
      "Deno.mkdirSync(this.fs.locate(path));\n    } catch (error) {",
      "Deno.mkdirSync(this.fs.locate(path), { recursive: true });\n    } catch (error) {",
    ],
    ["the limits are not set", "writeLimits(cgroup, spec.limits, { lift: false });", ""],
    [
      "the process runs before its limits are set",
      "writeLimits(cgroup, spec.limits, { lift: false });",
      "cgroup.moveIn(pid, LEAF);\n      writeLimits(cgroup, spec.limits, { lift: false });",
    ],
    ["the process is not moved in", "if (!cgroup.moveIn(pid, LEAF)) throw", "if (false) throw"],
    [
      "the process is not in the leaf",
      "if (!cgroup.moveIn(pid, LEAF)) throw",
      "if (!cgroup.moveIn(pid)) throw",
    ],
    [
      "what could not be finished stays",
      "for (const made of [`${path}/${LEAF}`, path]) this.#removeQuietly(made);",
      "",
    ],
    [
      "a lifted limit stays",
      "writeLimits(cgroup, limits, { lift: true });",
      "writeLimits(cgroup, limits, { lift: false });",
    ],
    [
      "a cgroup that stays is not told",
      'throw new SetupError("the job\'s cgroup stays busy"',
      'void new SetupError("the job\'s cgroup stays busy"',
    ],
    ["controllers are not switched on", "if (wanted.length > 0) {", "if (false) {"],
  ], ["backend"]),
  ...editsOf("src/backend/limits_in_force.ts", [
    ["memory.oom.group is not written", '|| cgroup.writeOptional(OOM_GROUP, "1")', "|| true"],
    [
      "memory.oom.group is switched off",
      '|| cgroup.writeOptional(OOM_GROUP, "1")',
      '|| cgroup.writeOptional(OOM_GROUP, "0")',
    ],
    ["memory.oom.group stays", 'cgroup.writeOptional(OOM_GROUP, "0")', "void 0"],
  ], ["act/launch/launch_test.ts", "act/end/release_adopted_test.ts", "backend"]),
  ...editsOf("src/backend/limits_in_force.ts", [
    [
      "cores are counted in another period",
      "`${Math.round(value * CPU_PERIOD_USEC)} ${CPU_PERIOD_USEC}`",
      "`${Math.round(value * 1000)} ${CPU_PERIOD_USEC}`",
    ],
    ["a higher limit is as good", "actual !== null && actual <= value && value", "actual !== null && value"],
    ["a much lower limit is as good", "&& value - actual < PAGE_SLACK_BYTES", ""],
    [
      "no limit is as good",
      "const actual = parseLimit(text, path);\n      return actual !== null &&",
      "const actual = parseLimit(text, path) ?? value;\n      return",
    ],
    [
      "a missing file is as good",
      "if (text !== null && FORMATS[kind].agrees(",
      "if (text === null || FORMATS[kind].agrees(",
    ],
    [
      "a quota is compared without its period",
      "quotaUsec / periodUsec - value",
      "quotaUsec / CPU_PERIOD_USEC - value",
    ],
    ["a missing controller is as good", "limits[key] !== null && !controllers.has(controller)", "false"],
    ["limits are not lifted", "else if (lift) cgroup", "else if (false) cgroup"],
    [
      "any task limit is as good",
      "agrees: (text, value, path) => parseLimit(text, path) === value,",
      "agrees: () => true,",
    ],
  ], ["backend/limits_in_force_test.ts", "act/launch/launch_test.ts"]),
  ...editsOf("src/job/limits.ts", [
    ["memory implies no limit of swap", "asked.memoryMaxBytes !== null;", "false;"],
    [
      "swap that was asked for may be dropped",
      "return swapIsImplied && key === IMPLIED_KEY",
      "return key === IMPLIED_KEY",
    ],
    ["every limit may be dropped", "swapIsImplied && key === IMPLIED_KEY", "swapIsImplied"],
    ["a lifted weight is none", 'fileUnset: "100"', 'fileUnset: "max"'],
    [
      "a job with a memory limit dies singly",
      "return memoryMaxBytes !== null",
      "return memoryMaxBytes === 0",
    ],
  ], ["job/limits_test.ts", "backend/limits_in_force_test.ts"]),
  ...editsOf("src/systemd/unit_properties.ts", [
    ["milliseconds are taken for microseconds", "Math.round(ms * 1000)", "Math.round(ms)"],
    ["a grace of 0 is for ever", "Math.max(1, Math.round", "Math.max(0, Math.round"],
    ["cores are milliseconds", "cores * 1_000_000", "cores * 1_000"],
    ["memory is not accounted for", '"CPUAccounting", "MemoryAccounting", ', '"CPUAccounting", '],
    [
      "a limit that was not asked for is lifted",
      "lift || limits[key] !== null",
      "lift || limits[key] !== undefined",
    ],
    [
      "a lifted limit is left",
      "lift || limits[key] !== null",
      "limits[key] !== null",
    ],
    ["there is no backstop", "units.backstopMs === null ? []", "units.backstopMs !== 0 ? []"],
    ["failed scopes stay loaded", '["CollectMode", text("inactive-or-failed")],\n    // What', "// What"],
  ], ["systemd", "backend/systemd_backend_test.ts"]),
  ...editsOf("src/systemd/manager.ts", [
    [
      "the limits last for ever",
      "writer.uint32(1);\n        writeProperties",
      "writer.uint32(0);\n        writeProperties",
    ],
    [
      "a unit of the same name is replaced",
      'writer.string(scopeName(units.id));\n        writer.string("fail");',
      'writer.string(scopeName(units.id));\n        writer.string("replace");',
    ],
    [
      "the scope is stopped, not the slice",
      'writer.string(name);\n        writer.string("replace");',
      'writer.string(name.replace("slice", "scope"));\n        writer.string("replace");',
    ],
  ], ["systemd", "backend/systemd_backend_test.ts"]),
];

export const OBSERVE = [
  ...editsOf("src/observe/job.ts", [
    [
      "a job of an earlier boot is found by its name",
      "return isOfThisBoot(node, job) && isOf",
      "return isOf",
    ],
    [
      "a supervisor is known by its pid",
      '["alive", "hidden"].includes(procs.liveness(watch.supervisor, clock.bootId()))',
      "procs.stat(watch.supervisor.pid) !== null && clock !== undefined",
    ],
    ["every boot is this one", "return watch?.supervisor.bootId === clock.bootId();", "return true;"],
    [
      "a cgroup of an earlier boot is looked at",
      "const record = sameBoot ? cgroupRecord(node, job) : null;",
      "const record = cgroupRecord(node, job);",
    ],
    [
      "a cgroup is known by its path",
      "if (!fs.isOwn(record, id)) return",
      "if (fs.inode(record.path) === null) return",
    ],
    ["a foreign cgroup is gone", '=== null ? "gone" : "foreign"', '=== null ? "gone" : "gone"'],

    [
      "an adopted job has a first process",
      "if (job.spec.adopted || job.spec.waitAll) return cgroup",
      "if (false) return cgroup",
    ],
    ["the time of the sweep is not its own", "options.bootMs ?? node.clock.bootMs()", "node.clock.bootMs()"],
    ["the age of a supervisor is its start", "bootMs - startedBootMs(job", "startedBootMs(job"],
    ["orphans are kept unless told", 'onOrphan: "kill",', 'onOrphan: "keep",'],
    [
      "an empty cgroup has no OOM kills",
      'seen.cgroup === "populated" || seen.cgroup === "empty"',
      'seen.cgroup === "populated"',
    ],
  ], ["observe", "cli/commands/sweep_test.ts"]),
  ...editsOf("src/observe/job.ts", [
    [
      "the supervisor observes by the wall clock",
      "bootMs: known.clock.bootMs()",
      "bootMs: known.clock.wallMs()",
    ],
    [
      "a supervisor takes a vanished cgroup for an empty one",
      '!isThere ? "gone" : readEvents',
      '!isThere ? "empty" : readEvents',
    ],
    ["nobody looks for OOM kills", "isThere && !seen.leader.alive ? oomKills() ?? 0 : 0", "0"],
  ], ["act/run/supervise_test.ts"]),
  ...editsOf("src/observe/leftovers.ts", [
    ["a cgroup of another path is the job's", "run === null || run.cgroup.path === path", "true"],
    ["a live job is a leftover", 'job.phase.state === "ended" && !liveById.has(named.id)', "true"],
  ], ["observe", "cli/commands/sweep_test.ts"]),
  ...editsOf("src/observe/escapees.ts", [
    [
      "escapees of a live job are ended",
      'return job.phase.state === "ended" && isOfJobsUser',
      "return isOfJobsUser",
    ],
    [
      "another user's process is ended",
      'return job.phase.state === "ended" && isOfJobsUser',
      'return job.phase.state === "ended"',
    ],
    ["corral is an escapee", " || pid === Deno.pid", ""],
    ["what waits at a gate is an escapee", 'if (job.phase.state === "starting" || ', "if ("],
    ["what has been moved in meanwhile is an escapee", "|| procs.cgroupPathIfShown(pid) !== cgroupPath", ""],

    ["a supervisor in a job is an escapee", " || jobOfSupervisorScope(cgroupPath) !== null", ""],
  ], ["observe/escapees_test.ts", "cli/commands"]),
  ...editsOf("src/observe/owner.ts", [
    ["the answers of a command that failed count", "result !== null && result.code === 0", "result !== null"],
    ["a ref with a line break is two questions", "refs.filter(canBeAsked)", "refs"],
    [
      "a failure is told to nobody",
      "on.say(`warning: the status command failed",
      "void (`warning: the status command failed",
    ],
  ], ["observe"]),
  ...editsOf("src/observe/owner_answers.ts", [
    ["the last of two answers counts", "states.delete(ref);", ""],
    ["a status is not what it says", "state === null || !isKnown(state)", "state === null"],
    [
      "no answer means not finished",
      "return state === undefined ? null",
      "return state === undefined ? false",
    ],
  ], ["observe", "cli/commands/sweep_test.ts"]),
  ...editsOf("src/observe/sampling.ts", [
    ["a peak is what was seen last", "this.peaks = higherSplit(this.peaks, split);", "this.peaks = split;"],
    [
      "the own memory of the dead counts",
      "{ ...readMemorySplit(this.#file), anonBytes: null }",
      "readMemorySplit(this.#file)",
    ],
    [
      "the samples of before are forgotten",
      "this.#series = new Series(before.samples);",
      "this.#series = new Series();",
    ],
    [
      "the samples go on for ever",
      "[Symbol.dispose]: () => clearTimeout(timer)",
      "[Symbol.dispose]: () => {}",
    ],
    ["samples are never saved", "&& ledger.saveSampled(id, this)", "&& false"],
    [
      "a vanished cgroup is sampled",
      "if (Object.values({ ...sample, offsetMs: null }).every((value) => value === null)) return;",
      "",
    ],
    [
      "a figure that cannot be read ends the supervisor",
      "} catch {\n    return null;\n  }\n}",
      "} finally { /* nothing */ }\n}",
    ],
  ], ["observe/sampling_test.ts"]),
  ...editsOf("src/observe/emptied.ts", [
    [
      "a cgroup that cannot be read is empty",
      "} catch {\n",
      "} catch {\n      if (true) return { code: null, signal: null };\n",
    ],
  ]),
  ...editsOf("src/observe/own_cgroup.ts", [
    ["an ended job is changed", "if (!isLive(job)) throw", "if (false) throw"],
    [
      "a cgroup of an earlier boot is changed",
      "isOfThisBoot(node, job) ? cgroupRecord(node, job) : null",
      "cgroupRecord(node, job)",
    ],
  ], ["cli/commands/freeze_test.ts", "cli/commands/set_test.ts"]),
  ...editsOf("src/observe/strays_select.ts", [
    ["a stray is known by its pid", "now.startTicks === startTicks && now.bootId === bootId", "true"],
    ["what is in a job is a stray", "jobOfCgroup(cgroupPath) === null &&", "true &&"],
    [
      "what no longer matches is ended",
      "return stray.matched ? isMatch(now, criteria)",
      "return stray.matched ? true",
    ],
    [
      "what does not answer is ended",
      'if (now.words === null) return "unknown";',
      "if (now.words === null) return true;",
    ],
    ["another user's process is a stray", "return uid === null || process.uid === uid", "return true"],
    ["pid 1 is a stray", "return pid !== 1 && ", "return "],
    ["a kernel thread is a stray", "!kernelThread && ", ""],
    ["spared processes are strays", "!spared.has(process.pid) && ", ""],
    ["young processes are strays", "process.ageMs >= olderThanMs", "true"],
  ], ["observe"]),
];
