/**
 * Theory of operation.
 *
 * `corral run` is one process, the supervisor, for one job. It records the job (store/), starts a waiting process (act/launch/gate.ts), has
 * systemd or cgroupfs make the job's cgroup with its limits around it (launch/), reads the limits back, records pid and cgroup, and opens
 * the gate: the process becomes the command. Then it loops (act/run/supervise.ts): observe, decide (job/decide.ts, pure), wait. At the end
 * it freezes, signals, thaws, waits, kills (cgroup/terminate.ts), reads the usage, records and removes the cgroup (act/end/end_job.ts).
 *
 * Everything else is a second observer of the same record and the same cgroups: `kill` ends a job whichever process supervises it, `set` changes the
 * limits and wakes the supervisor, `ps`, `top` and `show` only read. `sweep` (act/sweep/sweep.ts), from cron, looks at all jobs with the same decide()
 * and does what no supervisor is left to do. Should every corral process be gone, systemd ends the job (RuntimeMaxSec).
 *
 * Each job has a guard (act/launch/guard.ts), a shell in a session and a cgroup of its own. When the supervisor's end of their socket closes,
 * or the supervisor is late, it calls `corral guard-end` (act/end/end_unsupervised.ts), which does for this one job what a sweep would.
 *
 * `adopt` (act/adopt/adopt.ts) makes a job of processes that run already. `strays` ends processes that are in no job, one by one, each
 * held by a pidfd (act/end/end_processes.ts).
 *
 * A job of a pool (`run --pool`) is a row in state `queued` until one pass over the queue (act/queue/pass.ts), made by every submit, every end
 * and every sweep in one transaction, gives it room (queue/admit.ts, pure). A foreground run waits and is woken by SIGCONT; a detached job
 * is started by whichever process made the pass, from its ticket. While detached jobs wait, one keeper (act/queue/keeper.ts) looks after them.
 *
 * `wait` (act/wait/) sleeps until supervisors exit and reads the record; `logs` (linux/copied_output.ts) copies the file that the record
 * names, as the user whose it is.
 *
 * `serve` is a loop around the same sweep, and a server (serve/): a bounded front takes connections and hands each request to Deno.serve on an
 * inner socket; access.ts, pure, decides who is answered. What is shown comes from a PageSource (serve/source.ts).
 *
 * Privileges: corral runs with those of its caller and gives none away; as root, `--user` drops to that user by setpriv(1) as soon
 * as the gate is open. Only an OwnedCgroup (cgroup/file.ts) can be written to, only an identified process be signalled.
 *
 * This file builds the real adapters; it and start.ts alone read the arguments and exit.
 */
import { fstatSync } from "node:fs";
import { CgroupFs } from "./cgroup/file.ts";
import { COPY_OUTPUT, SERVE_STORE } from "./base/called_by_itself.ts";
import { readKernelText } from "./base/kernel_file.ts";
import { wordsCalled } from "./cli/called_as.ts";
import type { GlobalOptions } from "./cli/verb.ts";
import { runCli } from "./cli/program.ts";
import { ETC, settingsHere, storeFileIn } from "./cli/settings_here.ts";
import type { Output } from "./linux/output.ts";
import type { Settings } from "./settings/settings.ts";
import type { Context } from "./cli/context.ts";
import { SetupError } from "./base/errors.ts";
import { runningFacts } from "./job/job.ts";
import { lookAtGpus } from "./linux/gpu.ts";
import { hostClock } from "./linux/clock.ts";
import { runCommand } from "./linux/command.ts";
import { isOnLocalFileSystem } from "./linux/mounts.ts";
import { inspectLayout, type NodeLayout } from "./linux/node.ts";
import { pause } from "./base/poll.ts";
import { sendToJournal } from "./linux/journal.ts";
import { probe } from "./linux/libc.ts";
import { Procs } from "./linux/proc.ts";
import { ProgressLine } from "./linux/progress_line.ts";
import { runShell } from "./linux/shell_command.ts";
import type { TerminalScreen } from "./linux/terminal.ts";
import { dieOfLastSignal } from "./linux/last_signal.ts";
import { passRealTimeSignals } from "./linux/passed_signals.ts";
import { onRealTimeSignals } from "./linux/real_time_signals.ts";
import { settleSurroundings } from "./linux/surroundings.ts";
import { reportRejections } from "./linux/rejections.ts";
import { nameOfUid } from "./linux/users.ts";
import { chooseForLaunch } from "./backend/nest.ts";
import { type BackendChoice, backendOf, chooseBackend, usableBackends } from "./backend/choose.ts";
import { type Log, makeLog } from "./cli/log.ts";
import { printable } from "./base/text.ts";
import { libcZone } from "./linux/zone.ts";
import { useZone } from "./value/local_time.ts";
import { openFormerStore } from "./store/former_store.ts";
import { openLaunchStore, openStoreFor, unwrittenOf } from "./store/launch_store.ts";
import { ignoredSignals, StopSignals } from "./linux/stop_signals.ts";
import { isReaderGone, offerOutput, writeAll, writeDiagnostics } from "./linux/write.ts";

const STDOUT = 1;
const PROC = "/proc";
const RUN = "/run";
const DEV = "/dev";
/** Of a terminal that does not tell its width. */
const USUAL_COLUMNS = 80;
const PASSWD = `${ETC}/passwd`;

const words = wordsCalled(commandLineHere(), Deno.args);
settleSurroundings(PROC);
useZone(libcZone);
passRealTimeSignals(onRealTimeSignals);

const progress = new ProgressLine(
  Deno.stderr.isTerminal() ? writeDiagnostics : null,
  () => Deno.stderr.isTerminal() ? terminalColumns() : 0,
);
const stdoutWidth = Deno.stdout.isTerminal() ? Deno.consoleSize().columns : null;

async function makeContext(options: GlobalOptions): Promise<Context> {
  const env = Deno.env.toObject();
  const cwd = currentDirectory();
  const uid = Deno.uid() ?? 0;
  const settings = await settingsHere({ uid, env, cwd, options });
  const log: Log = await makeLog(options, (text) => {
    progress.clear();
    writeDiagnostics(text);
  });
  const clock = hostClock(PROC);
  const procs = new Procs(PROC, probe);
  let node: NodeLayout | null = null;
  const layout = () => node ??= inspectLayout({ proc: PROC, run: RUN }, uid);
  const cgroups = () => new CgroupFs(layout().cgroupMount, layout().ownCgroup);
  const choice = (): BackendChoice => ({
    node: layout(),
    fs: cgroups(),
    procs,
    cgroupRoot: env["CORRAL_CGROUP_ROOT"] ?? null,
  });
  return {
    stdin: Deno.stdin,
    stdout: outputHere(env),
    openScreen,
    progress,
    say: log.say,
    log: log.log,
    env,
    cwd,
    etc: ETC,
    self: { path: Deno.execPath(), args: words, settingsEnv: settingsEnv(settings) },
    uid,
    userName: nameOfUid(uid, PASSWD),
    colour: stdoutWidth !== null && !env["NO_COLOR"],
    interactive: Deno.stdin.isTerminal() && Deno.stderr.isTerminal(),
    confirm: (question) => confirm(question),
    settings,
    clock,
    pause,
    procs,
    gpus: () => lookAtGpus(procs, DEV),
    run: runCommand,
    shell: runShell,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    journal: (fields) => void (settings.journal && sendToJournal(`${RUN}/systemd/journal/socket`, fields)),
    runDir: RUN,
    layout,
    cgroups,
    backend: (wanted) => chooseBackend(wanted, choice()),
    launchBackend: (wanted, options) => chooseForLaunch(wanted, choice(), options),
    backendOf: (job) => {
      if (job.watch === null) throw new SetupError(`job ${job.spec.id} was never launched`, "corral queue");
      return backendOf(job.watch.backend, runningFacts(job)?.cgroup.path ?? null, choice());
    },
    backends: () => usableBackends(choice()),
    openStore: (actor, waitMs) => openStoreFor(settings, actor, waitMs),
    openFormerStore: (actor) =>
      openFormerStore({ directory: settings.formerStateDir, uid, actor, storeFileIn, warn: log.say }),
    openLaunchStore: (waitMs) => openLaunchStore(settings, waitMs),
    unwritten: () => unwrittenOf(settings, uid),
  };
}

/** Empty without /proc, which is refused with words later. */
function commandLineHere(): string {
  try {
    return readKernelText(`${PROC}/self/cmdline`);
  } catch {
    return "";
  }
}

function outputHere(env: Record<string, string>): Output {
  return {
    write: (text) => {
      if (stdoutWidth !== null) progress.clear();
      return writeAll(Deno.stdout, text);
    },
    pass: (bytes) => bytes.length === 0 ? !isReaderGone() : writeAll(Deno.stdout, bytes),
    offer: (lines) => {
      progress.clear();
      offerOutput(lines);
    },
    isTerminal: stdoutWidth !== null,
    isJournal: isJournal(env["JOURNAL_STREAM"]),
    widthColumns: stdoutWidth,
  };
}

function terminalColumns(): number {
  try {
    return Deno.consoleSize().columns || USUAL_COLUMNS;
  } catch {
    // Only stderr is a terminal.
    return USUAL_COLUMNS;
  }
}

function settingsEnv({ stateDir, configFile }: Settings): Record<string, string> {
  return { CORRAL_STATE_DIR: stateDir, ...(configFile === null ? {} : { CORRAL_CONFIG: configFile }) };
}

async function openScreen(): Promise<TerminalScreen> {
  const { TerminalScreen } = await import("./linux/terminal.ts");
  const stop = new StopSignals();
  stop.listen(ignoredSignals(PROC));
  return new TerminalScreen(stop);
}

/** JOURNAL_STREAM (systemd.exec(5)) names the device and inode of the stream; a redirected stdout is another. */
function isJournal(stream: string | undefined): boolean {
  if (stream === undefined) return false;
  const { dev, ino } = fstatSync(STDOUT);
  return stream === `${dev}:${ino}`;
}

function currentDirectory(): string {
  const name = nameOfCurrentDirectory();
  try {
    // One that may not answer is entered for the command of a launch alone (cli/commands/run.ts).
    Deno.chdir(isOnLocalFileSystem(name) ? name : "/");
  } catch {
    // The caller may not enter it (sudo -u from /root), but the runtime does so at every spawn, also of getent and the like.
    Deno.chdir("/");
  }
  return name;
}

function nameOfCurrentDirectory(): string {
  try {
    const name = Deno.cwd();
    return name === "/" ? deletedDirectory() ?? name : name;
  } catch {
    // Its name is no UTF-8, or it was removed under us: the kernel still lets processes start there.
    return `${PROC}/self/cwd`;
  }
}

/** Where the caller was, when that has been deleted: the binary's entry (.toolchain/entry.ts) has kept a descriptor of it and gone to /. */
function deletedDirectory(): string | null {
  const descriptors = `${PROC}/self/fd`;
  for (const { name } of Deno.readDirSync(descriptors)) {
    try {
      const target = Deno.readLinkSync(`${descriptors}/${name}`);
      if (target.endsWith(" (deleted)") && Deno.statSync(`${descriptors}/${name}`).isDirectory) return target;
    } catch {
      // The descriptor of the listing itself.
    }
  }
  return null;
}

reportRejections((reason) => {
  writeDiagnostics(`corral: unexpected: ${printable(String((reason as Error)?.message ?? reason))}\n`);
});

if (Deno.args[0] === SERVE_STORE && !Deno.stdin.isTerminal()) {
  const { serveStore } = await import("./store/served_store.ts");
  await serveStore();
  Deno.exit(0);
}
if (Deno.args[0] === COPY_OUTPUT && !Deno.stdin.isTerminal()) {
  const { serveCopy } = await import("./linux/copied_output.ts");
  Deno.exit(await serveCopy(Deno.args.slice(1)));
}

const exitCode = await runCli(words, {
  out: (text) => writeAll(Deno.stdout, text),
  err: writeDiagnostics,
  widthColumns: stdoutWidth,
  bold: stdoutWidth !== null && !Deno.env.get("NO_COLOR"),
}, makeContext).finally(() => progress.clear()).catch((error) => {
  writeDiagnostics(`corral: unexpected: ${printable(String(error?.message ?? error))}\n`);
  return 125;
});
dieOfLastSignal();
Deno.exit(exitCode);
