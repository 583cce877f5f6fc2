/** What must hold on any file system that stops answering, whichever of the paths of `corral run` is on it. */
import assert from "node:assert/strict";
import type { MachineTestOptions } from "../../kit/machine/for_test.ts";
import type { ExecOptions, ExecResult, Machine, Running } from "../../kit/machine/machine.ts";
import { type Caller, succeeded, until } from "../machine/caller.ts";
import { type FileSystem, type Mount, withFileSystem } from "./hung.ts";
import * as stage from "./stage.ts";
import { type As, BOTH_BACKENDS, EVERYONE, hostileTest, launch, ownPath, stubborn, UNLIKE } from "./stage.ts";

/** For what returns at once although a file system hangs: less than the ten seconds of a busy store. */
export const RETURN_MS = 8_000;

/** One of the paths that `corral run` touches; `on` gives the options that put it on the hung file system. */
interface Place {
  on: (hung: FileSystem) => { options?: string[]; exec?: ExecOptions; cwd?: string; shell?: string };
  as?: readonly As[];
}

const PLACES: Record<string, Place> = {
  "the store": { on: ({ dir }) => ({ exec: { env: { CORRAL_STATE_DIR: `${dir}/store` } } }) },
  "the receipt": { on: ({ dir }) => ({ options: ["--receipt", `${dir}/receipt.json`] }) },
  "the working directory": { on: ({ dir }) => ({ cwd: dir }) },
  "a directory of the PATH": {
    on: ({ dir }) => ({ exec: { env: { PATH: `${dir}:/usr/local/bin:/usr/bin:/bin` } }, shell: "sh" }),
    // A user's own cgroup comes from systemd-run, which the test's shell would look for there.
    as: BOTH_BACKENDS,
  },
  "--chdir": { on: ({ dir }) => ({ options: ["--chdir", dir] }) },
  "home and TMPDIR": { on: ({ dir }) => ({ exec: { env: { HOME: dir, TMPDIR: dir } } }) },
};

export function spawn(caller: Caller, argv: readonly string[], options: ExecOptions = {}): Promise<Running> {
  const env = { CORRAL_STATE_DIR: caller.stateDir, XDG_RUNTIME_DIR: "/run/user/1000", ...options.env };
  return caller.machine.spawn(argv, { user: caller.user, ...options, env });
}

/** The result, or a failure that says what hung. `withinMs` is multiplied by the machine's slowness. */
export async function returns(
  { slowness }: Machine,
  running: Running,
  what: string,
  nativeMs = RETURN_MS,
): Promise<ExecResult> {
  const withinMs = nativeMs * slowness;
  let timer: number | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not return within ${withinMs} ms`)), withinMs);
  });
  try {
    return await Promise.race([running.wait(), late]);
  } finally {
    clearTimeout(timer);
    await running.kill("SIGKILL");
  }
}

/** One place on one kind of file system. */
interface Case extends Place {
  kind: string;
  mount: Mount;
  options: MachineTestOptions;
  place: string;
}

/** Registers them for one kind of file system. */
export function hangTests(machine: Machine, kind: string, mount: Mount, options: MachineTestOptions): void {
  for (const [place, { on }] of Object.entries(PLACES)) {
    for (const register of [deadlineHolds, codeIsPassedOn, termActs, termActsOnALaunch]) {
      register(machine, { kind, mount, options, place, on });
    }
  }
}

/** Enters a directory, waits for a file where one is named, and becomes the rest. The one that starts it must not enter: it would hang. */
export const FROM = `cd "$0" || exit 99; go=$1; shift
  if test -n "$go"; then : >"$go-awaited"; until test -e "$go"; do /bin/sleep 0.05; done; fi; exec "$@"`;

/** `corral run` with that path on the file system; with `go`, once that file exists. */
async function start(
  { on }: Case,
  caller: Caller,
  hung: FileSystem,
  [words, argv, go = ""]: readonly [readonly string[], readonly string[], go?: string],
): Promise<Running> {
  const { options = [], exec = {}, cwd = "/" } = on(hung);
  const run = launch(caller, ["--quiet", "--ref", "it", ...words, ...options], argv);
  return await spawn(caller, ["/bin/sh", "-c", FROM, cwd, go, ...run], { ...exec, cwd: "/" });
}

async function isGone(caller: Caller, mark: string, nativeMs: number): Promise<void> {
  const script = `! pgrep -f '^/bin/sh -c trap.*${mark}$'`;
  await until(caller, "the job's processes are gone", script, nativeMs);
}

function deadlineHolds(machine: Machine, one: Case): void {
  const { kind, mount, options, place, on } = one;
  const name = `K10: on ${kind}, the deadline holds when ${place} stops answering`;
  hostileTest(machine, name, place === "the store" ? EVERYONE : one.as ?? UNLIKE, async (caller) => {
    const mark = ownPath(caller, "runs");
    await withFileSystem(caller, mount, async (hung) => {
      const words = ["--timeout", `${3 * machine.slowness}s`, "--grace", "200ms"];
      const running = await start(one, caller, hung, [words, stubborn(mark)]);
      await stage.exists(caller, mark);
      await hung.hang();
      await isGone(caller, mark, 3_000 + RETURN_MS);
      assert.equal((await returns(machine, running, "corral run after its deadline")).code, 124);
      await hung.release();
      const env = on(hung).exec?.env ?? {};
      const store = `export CORRAL_STATE_DIR=${env["CORRAL_STATE_DIR"] ?? caller.stateDir}`;
      const recorded =
        `${machine.corral} sweep --quiet >/dev/null; test "$(${machine.corral} ps --json)" = "[]"`;
      await until(caller, "the end is recorded", `${store}; ${recorded}`);
      const shown = succeeded(await caller.corral(["show", "ref:it", "--json"], { env, cwd: "/" }));
      assert.equal(JSON.parse(shown.stdout).reason, "timeout");
    });
  }, options);
}

function codeIsPassedOn(machine: Machine, one: Case): void {
  const { kind, mount, options, place } = one;
  const name = `K10: on ${kind}, the exit code is passed on when ${place} stops answering`;
  hostileTest(machine, name, one.as ?? UNLIKE, async (caller) => {
    const [mark, go] = [ownPath(caller, "runs"), ownPath(caller, "go")];
    const script = ': >"$0"; until test -e "$1"; do /bin/sleep 0.05; done; exit 7';
    await withFileSystem(caller, mount, async (hung) => {
      const running = await start(one, caller, hung, [[], ["/bin/sh", "-c", script, mark, go]]);
      await stage.exists(caller, mark);
      await hung.hang();
      await machine.putFile(go, "");
      assert.equal((await returns(machine, running, "corral run after its job")).code, 7);
    });
  }, options);
}

function termActs(machine: Machine, one: Case): void {
  const { kind, mount, options, place } = one;
  hostileTest(
    machine,
    `K10: on ${kind}, TERM acts when ${place} stops answering`,
    one.as ?? UNLIKE,
    async (caller) => {
      const mark = ownPath(caller, "runs");
      await withFileSystem(caller, mount, async (hung) => {
        const running = await start(one, caller, hung, [["--grace", "200ms"], stubborn(mark)]);
        await stage.exists(caller, mark);
        await hung.hang();
        await running.kill("SIGTERM");
        assert.equal((await returns(machine, running, "corral run after TERM")).code, 143);
        await isGone(caller, mark, RETURN_MS);
      });
    },
    options,
  );
}

function termActsOnALaunch(machine: Machine, one: Case): void {
  const { kind, mount, options, place } = one;
  const name = `K10: on ${kind}, TERM acts on a launch for which ${place} does not answer`;
  hostileTest(machine, name, one.as ?? UNLIKE, async (caller) => {
    const mark = ownPath(caller, "ran");
    await withFileSystem(caller, mount, async (hung) => {
      // It stands there already, as a shell that was there before.
      const job = [one.on(hung).shell ?? "/bin/sh", "-c", ': >"$0"; exec /bin/sleep 1000', mark];
      const go = ownPath(caller, "go");
      const running = await start(one, caller, hung, [["--timeout", "1h", "--grace", "200ms"], job, go]);
      await stage.exists(caller, `${go}-awaited`);
      await hung.hang();
      await machine.putFile(go, "");
      // It waits for an answer, has started the job, or is over: in each state TERM must end it.
      const there = `test -e ${mark} || ! test -e /proc/${running.pid}`;
      // Itself, or a process that it asks by.
      const family =
        `/proc/${running.pid}/task/*/wchan $(pgrep -P ${running.pid} | sed 's|.*|/proc/&/wchan|')`;
      const blocked = `grep -qs 'fuse\\|request_wait\\|rpc_' ${family}`;
      await until(caller, "it is under way", `${there} || ${blocked}`);
      await running.kill("SIGTERM");
      const { code, signal } = await returns(machine, running, "corral run after TERM");
      assert.ok(code !== 0 || signal !== null, `exit code ${code}`);
      await hung.release();
      await stage.noLiveJob(caller);
    });
  }, options);
}
