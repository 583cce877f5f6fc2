/** The exit code of `corral run` is the job's own; 126 and 127 are for commands that cannot be run. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, nativeOnly, onceOnly } from "../../kit/machine/for_test.ts";
import { succeeded } from "./caller.ts";
import { runGuestProgram } from "../../kit/guest/guest_program.ts";

const machine = await machineUnderTest();
const isNative = machine.slowness === 1;
const STATE_DIR = "/tmp/corral-test-exit-codes";
const FILES = "/tmp/corral-test-commands";
/** A minute's work, so all of them on one machine; on the others those at which something else could begin. */
const CODES = machine.name === "nspawn-bookworm"
  ? Array.from({ length: 256 }, (_, code) => code)
  : [0, 1, 124, 125, 137, 255];
/** 1 to 15, and the first and last real-time signal. */
const SIGNALS = isNative ? [...Array.from({ length: 15 }, (_, index) => index + 1), 34, 64] : [6, 34];

interface ShortJob {
  argv: string[];
  code: number;
  options?: string[];
  env?: Record<string, string>;
  stdout?: string;
  /** Columns of its row. */
  row: { state?: string; reason?: string; exit_code?: number | null; exit_signal?: number | null };
}

async function check(jobs: ShortJob[], stateDir = STATE_DIR): Promise<void> {
  const corral = [machine.corral, "--state-dir", stateDir];
  const input = { corral, store: `${stateDir}/corral.db`, jobs, width: 4 };
  const found = await runGuestProgram(machine, "system/machine/exit_codes.py", input, { timeoutMs: 120_000 });
  assert.deepEqual(found, { wrong: [], left: [] });
}

machineTest(machine, `exit codes 0 to 255 are passed on and recorded (${CODES.length} of them)`, async () => {
  await check(CODES.map((code) => ({
    argv: ["sh", "-c", `exit ${code}`],
    code,
    row: { state: "ended", reason: "exited", exit_code: code, exit_signal: null },
  })));
}, onceOnly(machine));

machineTest(machine, "death by signal N gives 128+N and is recorded", async () => {
  await check(SIGNALS.map((signal) => ({
    argv: ["sh", "-c", `kill -${signal} $$`],
    code: 128 + signal,
    row: { state: "ended", reason: "signaled", exit_code: null, exit_signal: signal },
  })));
});

/** Commands that cannot be run, and some that can although they look odd. */
const MAKE_FILES = `mkdir -p ${FILES}/noexec && cd ${FILES}
  printf '#!/no/such/interpreter\\n' >no-interpreter
  printf 'echo no shebang' >no-shebang
  printf '#!/bin/sh\\nprintf "%%s" "$0"' >'new
line'
  printf '#!/bin/sh\\n' >not-executable
  ln -sf loop loop
  chmod +x no-interpreter no-shebang 'new
line'
  mountpoint -q noexec || mount -t tmpfs -o noexec corral-test noexec
  cp /bin/true noexec/true`;

const NEVER_RAN = { state: "ended", reason: "failed-to-start" };

/** `code` without having been run at all. */
function refused(command: string, code: 126 | 127, rest: Partial<ShortJob> = {}): ShortJob {
  return { argv: [command], code, row: { ...NEVER_RAN, exit_code: code }, ...rest };
}

function ran(argv: string[], stdout: string, rest: Partial<ShortJob> = {}): ShortJob {
  return { argv, code: 0, stdout, row: { state: "ended", reason: "exited", exit_code: 0 }, ...rest };
}

machineTest(machine, "a missing command gives 127, one that cannot be executed 126", async () => {
  succeeded(await machine.sh(MAKE_FILES));
  const inFiles = { options: ["--chdir", FILES] };
  await check([
    refused("/no/such/command", 127),
    refused("no-such-command", 127),
    refused("", 127),
    refused("no\nsuch\x1b[31mcommand", 127),
    refused("x".repeat(10_000), 127),
    refused(`/${"x/".repeat(3000)}`, 127),
    refused("/etc/passwd/command", 127),
    refused(`${FILES}/loop`, 127),
    refused("/etc", 126),
    refused("./noexec", 126, inFiles),
    refused(`${FILES}/not-executable`, 126),
    refused("not-executable", 126, { env: { PATH: FILES } }),
    refused(`${FILES}/noexec/true`, 126),
    refused(`${FILES}/no-interpreter`, 127),
    ran([`${FILES}/no-shebang`], "no shebang\n"),
    ran([`${FILES}/new\nline`], `${FILES}/new\nline`),
    ran(["./new\nline"], "./new\nline", inFiles),
    ran(["new\nline"], `${FILES}/new\nline`, { env: { PATH: `${FILES}:/bin` } }),
    ran(["printf", "%s|", "", "--", "-x", "$HOME `id` \"'", "a\nb"], "|--|-x|$HOME `id` \"'|a\nb|"),
    ran(["env", "-u", "PWD", "sh", "-c", "pwd"], "/usr/share\n", { options: ["--chdir", "/usr/share"] }),
  ], `${STATE_DIR}-odd`);
  await machine.exec(["umount", `${FILES}/noexec`]);
}, nativeOnly(machine));

machineTest(machine, "a wrong --chdir gives 2 and one line, and no job", async () => {
  for (const directory of ["/no/such", "/etc/passwd", "", "/proc/self/fd/0/x"]) {
    const argv = [machine.corral, "--state-dir", `${STATE_DIR}-none`, "run", "--chdir", directory, "true"];
    const { code, stderr } = await machine.exec(argv);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /^corral: --chdir: .*\n$/);
  }
  assert.equal((await machine.exec(["ls", `${STATE_DIR}-none`])).code, 2, "a store was made");
}, nativeOnly(machine));
