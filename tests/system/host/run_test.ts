/** `corral run` on a real kernel without controllers: what comes back, and that nothing stays behind. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import { HostCorral, until } from "./host_corral.ts";

const machine = await machineUnderTest();
const CODES = [0, 1, 2, 75, 99, 124, 125, 126, 127, 128, 137, 200, 255];
const SIGNALS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 34, 64];
const AT_ONCE = 4;
const LATE_AT_MOST_MS = 3_000;

/** Runs `act` of every item, a few at a time. */
async function sideBySide<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await act(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

function hostTest(name: string, act: (corral: HostCorral) => Promise<void>): void {
  machineTest(machine, name, async () => {
    await using corral = await HostCorral.on(machine);
    await act(corral);
  });
}

hostTest("corral run passes on exit codes", async (corral) => {
  await sideBySide(CODES, async (code) => {
    const result = await corral.run([], ["sh", "-c", `exit ${code}`]);
    assert.deepEqual(
      [result.code, result.job.exitCode, result.job.reason],
      [code, code, "exited"],
      `${code}`,
    );
  });
});

hostTest("corral run gives 128+N for death by signal N", async (corral) => {
  await sideBySide(SIGNALS, async (signal) => {
    const { code, job } = await corral.run(["--quiet"], ["sh", "-c", `kill -${signal} $$`]);
    assert.deepEqual([code, job.exitCode, job.reason], [128 + signal, null, "signaled"], `${signal}`);
  });
});

hostTest("corral run gives 127 and 126 for commands that cannot be run, and records them", async (corral) => {
  const rows = [["/no/such/command", 127], ["no-such-command", 127], ["/etc/passwd", 126], [
    "/",
    126,
  ]] as const;
  await sideBySide(rows, async ([command, code]) => {
    const { stderr, ...result } = await corral.run([], [command]);
    assert.deepEqual([result.code, result.job.reason], [code, "failed-to-start"], command);
    assert.match(stderr, /^corral: "[^"]+": [a-zA-Z ]+\n$/);
  });
});

hostTest("corral run ends a job at its deadline, tree and all", async (corral) => {
  // Two generations that ignore TERM, in sessions of their own, one of them in a cgroup that the job made.
  const stubborn =
    'trap "" TERM; here=/proc/self/cgroup; nested="$MOUNT$(sed -n "s/^0:://p" $here)/nested"; ' +
    'mkdir "$nested" || exit 99; setsid sh -c "echo 0 >\\"$nested/cgroup.procs\\"; sleep 1000" & setsid sleep 1000 & ' +
    "while :; do sleep 1; done";
  const mount = corral.jobsDirectory.slice(0, -`${corral.root}/corral`.length);
  const options = ["--timeout", "500ms", "--grace", "100ms", "--env", `MOUNT=${mount}`];
  const { code, job, stderr } = await corral.run(options, ["sh", "-c", stubborn]);
  assert.deepEqual([code, job.reason, job.survivors, job.signal], [124, "timeout", [], "KILL"]);
  assert.ok(job.usage.wallMs! >= 600 && job.usage.wallMs! < 600 + LATE_AT_MOST_MS, `${job.usage.wallMs}`);
  const steps = job.events.map(({ kind }) => kind);
  assert.deepEqual(steps.filter((kind) => kind === "signal" || kind === "kill"), ["signal", "kill"]);
  assert.match(stderr, /ended: timeout after \d+(\.\d+)?m?s \(died of KILL, cpu /);
  assert.ok(corral.isGone(job.id));
});

hostTest("corral run ends what the command leaves behind", async (corral) => {
  const daemons = "for i in 1 2 3 4 5; do setsid sh -c 'sleep 1000 & sleep 1000' & done; exit 3";
  const { code, job } = await corral.run(["--grace", "100ms"], ["sh", "-c", daemons]);
  assert.deepEqual([code, job.reason, job.survivors], [3, "exited", []]);
  assert.ok(corral.isGone(job.id));
});

for (const [name, number] of [["SIGHUP", 1], ["SIGINT", 2], ["SIGTERM", 15]] as const) {
  hostTest(`corral run ends its job on ${name} and exits ${128 + number}`, async (corral) => {
    const script = "trap 'echo ended; exit 5' TERM; echo ready; while :; do sleep 0.01; done";
    const live = await corral.start([], ["sh", "-c", script]);
    live.process.kill(name);
    const { code, stdout, stderr } = await live.end();
    assert.deepEqual([code, stdout], [128 + number, "ready\nended\n"]);
    assert.match(stderr, /ended: killed after /);
    assert.ok(corral.isGone(live.id));
  });
}

hostTest("corral run ends its job at once on a second signal", async (corral) => {
  const live = await corral.start(["--grace", "1h"], [
    "sh",
    "-c",
    "trap 'echo first' TERM; echo ready; while :; do sleep 0.01; done",
  ]);
  live.process.kill("SIGTERM");
  await live.stdout.until(/first/);
  live.process.kill("SIGTERM");
  assert.equal((await live.end()).code, 143);
  assert.ok(corral.isGone(live.id));
});

hostTest(
  "corral run killed with -9, and its guard, leaves a job that corral kill finds and ends",
  async (corral) => {
    const live = await corral.start([], ["sh", "-c", "echo ready; sleep 1000"]);
    await new Deno.Command("pkill", { args: ["-KILL", "-f", `corral-guard-${live.id} `] }).output();
    live.process.kill("SIGKILL");
    await live.process.status;
    assert.equal((await corral.show(live.id)).state, "running");
    const { code, stdout } = await corral.corral("kill", "--now", live.id);
    assert.deepEqual([code, stdout], [0, `${live.id} ended: killed\n`]);
    assert.ok(corral.isGone(live.id));
    await live.end();
  },
);

hostTest("corral run hands binary data through both ways unharmed", async (corral) => {
  const data = Uint8Array.from({ length: 4 * 2 ** 20 }, (_, index) => (index * index) >> 7);
  const child = corral.command(["run", "--quiet", "--backend", "cgroupfs", "--", "cat"], { stdin: "piped" })
    .spawn();
  const feeding = new Blob([data]).stream().pipeTo(child.stdin);
  const [{ code, stdout }] = await Promise.all([child.output(), feeding]);
  assert.equal(code, 0);
  const digest = async (bytes: Uint8Array<ArrayBuffer>) =>
    new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  assert.deepEqual(await digest(stdout), await digest(data));
});

hostTest("corral run is quiet when its output is not wanted any more", async (corral) => {
  const child = corral.command(["run", "--backend", "cgroupfs", "--", "yes"]).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  const stderr = await new Response(child.stderr).text();
  assert.equal((await child.status).code, 128 + 13);
  assert.match(stderr, /^corral: job \w+ started .*\ncorral: job \w+ ended: signaled .*died of PIPE.*\n$/);
});

hostTest("corral run without --quiet or trouble says one line, with --quiet none", async (corral) => {
  assert.match(
    (await corral.run([], ["true"])).stderr,
    /^corral: job \w{6} started \(pid \d+, cgroup \S+\)\n$/,
  );
  assert.equal((await corral.run(["--quiet"], ["false"])).stderr, "");
});

hostTest(
  "corral run keeps hostile names harmless on the terminal and whole in the receipt",
  async (corral) => {
    const name = "a\nb\x1b[31m\u202e";
    const { code, job } = await corral.run(["--name", name, "--ref", name, "--tag", `k=${name}`], [
      "true",
      name,
    ]);
    assert.deepEqual([code, job.name, job.ref], [0, name, name]);
    const { stdout } = await corral.corral("show", "--full", job.id);
    // deno-lint-ignore no-control-regex
    assert.match(stdout, /^[^\p{Cf}\x1b]*$/u);
    assert.match(stdout, /^ {2}name +a\\nb\\x1b\[31m\\u202e$/m);
  },
);

hostTest(
  "corral run refuses a limit that this machine cannot enforce, unless told otherwise",
  async (corral) => {
    const { code, job, stderr } = await corral.run(["--memory", "1G"], ["true"]);
    assert.deepEqual([code, job.reason], [125, "failed-to-start"]);
    assert.match(
      stderr,
      /^corral: --memory cannot be enforced: the memory controller is not available .*--best-effort\)\n$/,
    );
    const willing = await corral.run(["--memory", "1G", "--best-effort"], ["true"]);
    assert.equal(willing.code, 0);
    assert.match(willing.stderr, /^corral: warning: --memory cannot be enforced: /);
  },
);

hostTest("corral run 50 times at once on a fresh store: all succeed, all are recorded", async (corral) => {
  const runs = await Promise.all(
    Array.from({ length: 50 }, (_, index) => corral.run([], ["sh", "-c", `exit ${index}`])),
  );
  assert.deepEqual(runs.map(({ code }) => code), runs.map((_, index) => index));
  assert.equal(new Set(runs.map(({ job }) => job.id)).size, 50);
  const unrecorded = await Promise.all(
    runs.slice(0, 5).map(async ({ job }) => (await corral.show(job.id)).state),
  );
  assert.deepEqual(new Set(unrecorded), new Set(["ended"]));
  await until("no cgroup is left", () => runs.every(({ job }) => corral.isGone(job.id)));
});
