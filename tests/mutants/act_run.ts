/** Launching, supervising, adopting, sweeping. */
import { editsOf } from "./mutant.ts";

export const ACT_RUN = [
  ...editsOf("src/act/run/supervise.ts", [
    [
      "a moved deadline is not read again before it is acted upon",
      "&& rereadTimeLimits(job, on)) continue;",
      "&& false) continue;",
    ],
    [
      "a moved deadline is not heard of",
      "    rereadTimeLimits(job, on);\n    const health",
      "    const health",
    ],
    ["another limit of CPU time is read and not kept", "job.spec.cpuTimeMs = cpuTimeMs;", ""],
    ["a moved deadline is read and not kept", "job.run.deadlineBootMs = deadlineBootMs;", ""],
    ["timers are not re-armed", "Math.min(untilMs, rearmMs)", "Math.min(untilMs, 2 ** 31 - 1)"],
    [
      "a lost caller is noticed after an hour",
      "job.callerIsGone === null ? REARM_MS : CALLER_POLL_MS",
      "REARM_MS",
    ],
    ["the deadline is measured by the wall clock", ": until - clock.bootMs()", ": until - clock.wallMs()"],

    ["the command's exit wakes nobody", "exit = left;\n    wake();", "exit = left;"],
    ["a signal wakes nobody", "stop.onSignal(() => wake());", ""],
    ["a signal is not an order", "stop.received === null ? null : { skipGrace: stop.hurry.aborted }", "null"],
    ["the first signal comes twice", "stop.received !== null && isSignalledWithOuter(job, on)", "false"],
    [
      "the outer job's other signal is as good",
      "firstSignalOfEnding(outer) === spec.signal",
      "firstSignalOfEnding(outer) !== undefined",
    ],
    ["a second signal does not hurry", "hurry: stop.hurry,", ""],

    [
      "the exit of what was killed is not waited for",
      "Promise.race([job.exit.catch(() => NO_EXIT), afterFree(EXIT_NOTICE_CAP_MS)])",
      "Promise.resolve(null)",
    ],
    [
      "the exit of what was killed is waited for without end",
      "Promise.race([job.exit.catch(() => NO_EXIT), afterFree(EXIT_NOTICE_CAP_MS)])",
      "job.exit",
    ],
    ["the job is not sampled", "using _samples = job.sampling.follow(", "void (() => {})("],
    ["the caller is not looked for", "job.callerIsGone?.() ?? false", "false"],
  ]),
  ...editsOf("src/act/run/run.ts", [
    [
      "a job that was ended meanwhile runs",
      "if (!ledger.markRunning(spec.id, launched.run, launched.limits)) {",
      "if (ledger.markRunning(spec.id, launched.run, launched.limits) === null) {",
    ],
    [
      "the gate is opened before it is recorded",
      "if (!ledger.markRunning(",
      "launched.gate.open();\n  if (!ledger.markRunning(",
    ],
    [
      "the gate is opened although it is to stop",
      "if (stop.received === null) launched.gate.open();",
      "launched.gate.open();",
    ],
    ["the limits in force are not recorded", "launched.run, launched.limits)", "launched.run)"],
    [
      "the cgroup of a job that was ended meanwhile stays",
      "await gate.exit;\n  await backend.remove(cgroup);",
      "await gate.exit;",
    ],
    ["its process stays", "gate.close();\n  await gate.exit;", ""],
    [
      "a launch that fails is not recorded",
      'failed.record("failed-to-start", { code: exitCodeOf(error, true), signal: null });',
      "",
    ],
    [
      "a command that is missing is not recorded",
      'failed.record("failed-to-start", { code: why.exitCode, signal: null });',
      "",
    ],
    [
      "a stopped launch is a failure",
      "// Ctrl-C reaches the waiting process too: that the launch then fails is what was asked for.\n    if (stop.received !== null) return await failed",
      "if (false) return await failed",
    ],
    ["a job has no marker", "        CORRAL_JOB_ID: spec.id,\n", ""],
    ["the exit code ignores the signal", "runExitCode(ending, stop.received)", "runExitCode(ending, null)"],
    ["a receipt is not written", "await receipt?.write(", "void ("],
  ]),
  ...editsOf("src/act/run/recorded_run.ts", [
    ["a job is not recorded before it is made", "ledger.insert(asked, watch);", ""],
    ["inherited ignores are forgotten", "stop.listen(ignored);", "stop.listen([]);"],
  ]),
  ...editsOf("src/act/run/spec.ts", [
    ["an id that is taken is taken again", "if (!ledger.isTaken(id)) return id;", "return id;"],
  ], ["act/run/run_test.ts"]),
  ...editsOf("src/act/run/failed_start.ts", [
    ["a receipt of a failed start is not written", "this.receipt?.write(", "void ("],
  ], ["act/run/run_test.ts"]),
  ...editsOf("src/act/end/receipt_file.ts", [
    [
      "a receipt goes to another directory",
      "if (!isSame(Deno.statSync(directory), place)) {",
      "if (false) {",
    ],
    ["a late receipt replaces another", "if (found !== null && late) return;", ""],
  ], ["act/end/receipt_file_test.ts", "act/end/late_receipt_test.ts"]),
  ...editsOf("src/act/launch/launch.ts", [
    [
      "limits are not read back",
      "const inForce = secureLimits(cgroup, limits, options);",
      "const inForce = limits;",
    ],
    [
      "a limit that cannot be enforced or is not in force is kept",
      "kept = { ...kept, [key]: NO_LIMITS[key] };",
      "",
    ],
    ["memory.oom.group is not written", "if (!killAsOneOnOom(cgroup, limits)) {", "if (false) {"],
    [
      "a limit without a controller is asked for",
      "const limits = enforceable(spec.limits, backend, options);",
      "const limits = spec.limits;",
    ],
    [
      "the process stays when the limits do not hold",
      "} catch (error) {\n    gate.close();\n    await gate.exit;\n    await backend.remove(cgroup);",
      "} catch (error) {\n    await backend.remove(cgroup);",
    ],
    [
      "the cgroup stays when the limits do not hold",
      "await gate.exit;\n    await backend.remove(cgroup);",
      "await gate.exit;",
    ],
    [
      "the process stays when it cannot be placed",
      "gate.close();\n    await gate.exit;\n    await backend.discard",
      "await backend.discard",
    ],
    ["what may have been made stays", "await backend.discard(spec.id);", ""],
    ["there is no deadline", "spec.timeoutMs === null ? null : startedBootMs + spec.timeoutMs", "null"],
    [
      "the deadline is by the wall clock",
      "const startedBootMs = host.clock.bootMs();",
      "const startedBootMs = host.clock.wallMs();",
    ],
    [
      "a best effort is told to nobody",
      "options.warn(`warning: ${message}`);",
      "",
    ],
  ], ["act/launch/launch_test.ts", "act/run/run_test.ts"]),
  ...editsOf("src/act/launch/gate.ts", [
    [
      "the command runs when corral is gone",
      "read -r CORRAL_GATE_GO <&3 || exit 125;",
      "read -r CORRAL_GATE_GO <&3;",
    ],
    ["the command gets the gate's descriptor", "exec 3<&-; ", ""],
    ["a command with a = in its path is taken for a variable", "/^-|=/", "/^-/"],
    [
      "signals ignored before are not ignored",
      "traps + script + forUser + SCRIPT",
      "script + forUser + SCRIPT",
    ],
  ]),
  ...editsOf("src/linux/spawn.ts", [
    [
      "the process has no session of its own",
      "POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF",
      "POSIX_SPAWN_SETSIGDEF",
    ],
    [
      "a descriptor is overwritten before it is given",
      "if (descriptor >= count || descriptor === wanted && wanted <= STDERR) return descriptor;",
      "if (count > 0) return descriptor;",
    ],
  ], ["linux/spawn_test.ts"]),
  ...editsOf("src/linux/child.ts", [
    [
      "a child of another hand is waited for without end",
      "collected === pid ? exitOfStatus(status[0]!) : NO_EXIT",
      "collected === pid ? exitOfStatus(status[0]!) : null",
    ],
    ["a core is part of the signal", "status & 0x7f", "status & 0xff"],
  ]),
  ...editsOf("src/act/health/on_demand.ts", [
    [
      "a check that comes later is not followed",
      "if (this.#onVerdict !== null && !this.#isStopped) this.#watch.follow(this.#onVerdict);",
      "",
    ],
    ["one that was stopped begins again", "if (!this.#isStopped) watch.use(spec);", "watch.use(spec);"],
  ]),
  ...editsOf("src/act/launch/gate_environment.ts", [
    ["what a shell makes up stays", "const unset = [...MADE_UP, ", "const unset = ["],
    ["the loader heeds the command's variables on the way", " && !LIBRARY_NAMES.test(name)", ""],
    ["a user's variables are seen on the way", "if (surroundings === null && staysAsItIs", "if (staysAsItIs"],
    ["what carries the variables stays", "    call.names.push(by);\n", ""],
  ], ["act/launch"]),
  ...editsOf("src/base/trust.ts", [
    ["the thing itself may be sticky", "mayBeInSticky && part !== leaf", "mayBeInSticky"],
    ["links are not followed", "if (target.startsWith", "if (true) return found;\n    if (target.startsWith"],
    ["whose it is does not count", "isOwn(part.uid)", "true"],
  ], ["base/trust_test.ts"]),
  ...editsOf("src/act/adopt/take.ts", [
    ["it stays frozen", "if (isFrozen(options.cgroup)) thaw(options.cgroup);", ""],
    ["members are not checked", "outside.forEach(check);", ""],
    ["it is looked at once", "LOOKS_WITHOUT_NEWS = 2", "LOOKS_WITHOUT_NEWS = 1"],
    ["a pid that was reused is kept", "now !== null && now.startTicks !== startTicks", "false"],
    ["a tree that forks is moved for ever", "if (performance.now() > until) throw", "if (false) throw"],
    [
      "a tree that forks is never frozen",
      'if (moves++ === MOVES_UNFROZEN) cgroup.writeOptional("cgroup.freeze", "1");',
      "moves++;",
    ],
    ["the holder is a member", ".filter((pid) => pid !== holderPid)", ""],
    ["a neighbour's cgroup is inside", "`${at}/`.startsWith(`${path}/`)", "at.startsWith(path)"],
  ], ["act/adopt", "cli/commands/adopt_test.ts"]),
  ...editsOf("src/act/adopt/adopt.ts", [
    ["an adoption is not recorded before it is made", "store.insert(spec, watch);", ""],
    ["an adoption that was ended meanwhile goes on", "if (!isOurs) throw", "if (false) throw"],
    [
      "the holder stays",
      'holder.gate.close();\n  crashPoint("adopt: holder told',
      'crashPoint("adopt: holder told',
    ],
    ["what was taken is not let go", "throw await released(adoption, error);", "throw error;"],
    ["an adopted job is like any other", "adopted: true,", "adopted: false,"],
    ["the leader is the holder", "{ ...holder.run, ...identityOf(first) }", "{ ...holder.run }"],
  ], ["act/adopt", "cli/commands/adopt_test.ts"]),
  ...editsOf("src/act/sweep/sweep.ts", [
    [
      "a dry run does it",
      "if (this.options.dryRun) return { ...act, outcome",
      "if (false) return { ...act, outcome",
    ],
    [
      "a sweep that is told to stop goes on",
      "looks = 1): Promise<void> {\n    if (this.options.isStopped()) return;",
      "looks = 1): Promise<void> {",
    ],
    [
      "an old record is acted upon",
      "if (now !== null && now.phase.state !== job.phase.state) {",
      "if (now === null) {",
    ],
    ["one strike is enough", "< this.options.strikes) return [];", "< 1) return [];"],
    ["a dry run counts", "after === before || this.options.dryRun ? after", "after === before ? after"],
    [
      "a word to the contrary is not heard",
      "const after = isFinished ? before + 1 : 0;",
      "const after = isFinished ? before + 1 : before;",
    ],
    ["one that fails ends the sweep", "this.listener.finding(unreadable(job, error));", "throw error;"],
    [
      "one act that fails ends the sweep",
      'return { ...act, outcome: "failed", message: errorText(error) };',
      "throw error;",
    ],
    [
      "what was not recorded is not written at the end",
      "there may be room by now.\n    this.#ledger.flush();",
      "",
    ],
    ["the store of a sweep is one job's", "{ isShared: true }", "{ isShared: false }"],
    ["a foreign cgroup is not told", 'if (action.do === "report") this.listener', "if (false) this.listener"],
    [
      "unknown cgroups are not told",
      "for (const finding of unknown.map(unknownCgroup)) listener.finding(finding);",
      "",
    ],
    ["survivors are called ended", 'survivors > 0 ? "alive" : "ended"', '"ended"'],
    ["escapees are ended unasked", 'options.escapees === "kill" && !options.dryRun', "!options.dryRun"],
    [
      "a dry run ends escapees",
      'options.escapees === "kill" && !options.dryRun',
      'options.escapees === "kill"',
    ],
    [
      "a long grace is waited out",
      'const order = { action, seen, actor: "sweep", patienceMs,',
      'const order = { action, seen, actor: "sweep",',
    ],
  ], ["act/sweep", "cli/commands/sweep_test.ts"]),
  ...editsOf("src/act/sweep/prune.ts", [
    ["all is dropped in one step", "Math.min(count, budget.jobs - pruned.jobs)", "budget.jobs - pruned.jobs"],
    ["the output stays", "await output.remove(ids, (line) => node.say(line))", "0"],
    [
      "the record of a cgroup that is there goes",
      "const which = { beforeMs, except: idsWithCgroup(node) };",
      "const which = { beforeMs, except: [] };",
    ],
    [
      "others get no turn",
      "await pause(Math.max(SHORTEST_PAUSE_MS, tookMs));",
      "",
    ],
    [
      "retention is by the wrong clock",
      "node.clock.wallMs() - retentionMs",
      "node.clock.bootMs() - retentionMs",
    ],
    ["a store that fails ends the sweep", "if (!(error instanceof StoreError)) throw error;", "throw error;"],
  ], ["act/sweep", "cli/commands/prune_test.ts"]),
  ...editsOf("src/act/sweep/output_files.ts", [
    ["a file system that does not answer is asked", "if (this.isLocal) return files", "return files"],
    ["a row names a file elsewhere", "const files = ids.filter(isJobId).map", "const files = ids.map"],
    ["what could not be removed counts", "removed=$((removed - 1))", ":"],
    ["a directory is counted as a file", " --indicator-style=slash", ""],
  ], ["act/sweep"]),
];
