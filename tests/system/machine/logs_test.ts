/** `corral logs`: the output of a detached job, across rotation, the end of its supervisor, and users. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { allCallers, Caller, succeeded, unlikeCallers, until } from "./caller.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);
const callers = allCallers(machine, "logs");
const root = callers[0]!;

const outputOf = async (caller: Caller, id: string) =>
  (JSON.parse(succeeded(await caller.corral(["show", id, "--json"])).stdout) as { outputFile: string })
    .outputFile;

/** `corral logs --follow` into a file, which can be looked at meanwhile. */
async function follow(caller: Caller, id: string) {
  const into = `/tmp/corral-test-logs-${caller.user}-${id}`;
  const script = `exec "$0" --state-dir "$1" logs --follow "$2" >"$3"`;
  const words = ["/bin/sh", "-c", script, machine.corral, caller.stateDir, id, into];
  const running = await machine.spawn(words, { user: caller.user });
  return {
    running,
    text: () => machine.readFile(into),
    has: (line: string) => until(root, `${line} is printed`, `grep -qx '${line}' ${into}`),
  };
}

/** Prints its lines when files of their names come to be. */
const TALKER = `say() { until [ -e "$0.$1" ]; do sleep 0.1; done; echo "$1"; }
echo first; say second; say third; exit 3`;

async function talker(caller: Caller): Promise<{ id: string; tell: (line: string) => Promise<void> }> {
  const at = `/tmp/corral-test-talker-${caller.user}-${caller.backend}-${Date.now()}`;
  const id = await caller.start([], ["sh", "-c", TALKER, at]);
  return { id, tell: async (line) => void succeeded(await machine.exec(["touch", `${at}.${line}`])) };
}

for (const caller of callers) {
  machineTest(
    machine,
    `corral logs of ${caller.name} prints the output of a live and of an ended job`,
    async () => {
      const { id, tell } = await talker(caller);
      const following = await follow(caller, id);
      await following.has("first");
      assert.equal(succeeded(await caller.corral(["logs", id])).stdout, "first\n");
      await tell("second");
      await following.has("second");
      await tell("third");
      const { code, stderr } = await following.running.wait();
      assert.deepEqual([code, stderr, await following.text()], [0, "", "first\nsecond\nthird\n"]);
      assert.equal(succeeded(await caller.corral(["logs", "-n", "2", id])).stdout, "second\nthird\n");
      assert.equal(await outputOf(caller, id), `${caller.stateDir}/output/${id}.log`);
      assert.equal((await caller.corral(["wait", "--follow", id])).stdout, "first\nsecond\nthird\n");
    },
  );
}

for (const caller of unlikeCallers(machine, "logs")) {
  machineTest(
    machine,
    `corral logs --follow of ${caller.name} survives rotation by rename and by copy`,
    async () => {
      const { id, tell } = await talker(caller);
      const following = await follow(caller, id);
      await following.has("first");
      const path = await outputOf(caller, id);
      succeeded(await caller.exec(["sh", "-c", 'mv "$0" "$0.1" && : >"$0"', path]));
      await tell("second");
      await following.has("second");
      succeeded(await caller.exec(["sh", "-c", 'cp "$0.1" "$0.2" && : >"$0.1"', path]));
      await tell("third");
      const { code, stderr } = await following.running.wait();
      assert.deepEqual([code, stderr, await following.text()], [0, "", "first\nsecond\nthird\n"]);
    },
    NATIVE,
  );

  machineTest(
    machine,
    `corral logs --follow of ${caller.name} survives kill -9 of the supervisor`,
    async () => {
      const { id } = await talker(caller);
      const following = await follow(caller, id);
      await following.has("first");
      const { supervisorPid } = await caller.show(id);
      succeeded(await machine.exec(["kill", "-KILL", String(supervisorPid)]));
      const { code, stderr } = await following.running.wait();
      assert.deepEqual([code, stderr, await following.text()], [0, "", "first\n"]);
      assert.equal((await caller.show(id)).reason, "orphaned");
    },
    NATIVE,
  );
}

machineTest(machine, "corral logs --follow has the last of an output with --output-max", async () => {
  const id = await root.start(["--output-max", "1M"], [
    "sh",
    "-c",
    "sleep 1; echo first; head -c 500000 /dev/zero; echo last",
  ]);
  const { code, stdoutBytes } = await root.corral(["logs", "--follow", id]);
  assert.deepEqual([code, stdoutBytes.length], [0, "first\n".length + 500_000 + "last\n".length]);
  assert.equal(await outputOf(root, id), `${root.stateDir}/output/${id}.log`);
}, NATIVE);

machineTest(machine, "corral logs gives bytes as they are", async () => {
  const id = await root.start([], ["head", "-c", "300000", "/dev/urandom"]);
  await root.ended(id);
  const { stdoutBytes } = succeeded(await root.corral(["logs", id]));
  const sum = (await machine.exec(["sha256sum", `${root.stateDir}/output/${id}.log`])).stdout.split(" ")[0];
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", stdoutBytes));
  assert.equal(digest.toHex(), sum);
}, NATIVE);

machineTest(machine, "corral logs ends quietly when its reader goes, also while nothing comes", async () => {
  const id = await root.start([], ["sh", "-c", "echo one; echo two; sleep 1000"]);
  await until(root, "it has spoken", `grep -q two ${root.stateDir}/output/${id}.log`);
  const script = `{ "$0" logs --follow "$1"; echo $? >&3; } 3>&2 | head -n 1`;
  const { stdout, stderr } = await root.exec(["bash", "-c", script, machine.corral, id]);
  assert.deepEqual([stdout, stderr], ["one\n", "0\n"]);
  await root.end(id);
}, NATIVE);

machineTest(machine, "corral logs reads a user's file as that user", async () => {
  const start = async (options: string[], words: string[]) =>
    succeeded(await root.corral(["run", "--detach", "--user", "alice", ...options, "--", ...words])).stdout
      .trim();
  const id = await start([], ["sh", "-c", "echo hers; sleep 1; echo more"]);
  assert.equal(await outputOf(root, id), `/home/alice/.local/state/corral/output/${id}.log`);
  assert.equal(succeeded(await root.corral(["logs", "--follow", id])).stdout, "hers\nmore\n");
  // What she puts in its place shows root nothing that she may not see, and holds it up by nothing.
  const traps: [string, string, RegExp][] = [
    ["link", "ln -sf /etc/shadow", /[Pp]ermission denied|cannot read/],
    ["fifo", "mkfifo", /no regular file/],
    ["none", ":", /was removed/],
  ];
  for (const [name, make, said] of traps) {
    const path = `/home/alice/corral-test-logs-${name}`;
    const trapped = await start(["--output", path], ["true"]);
    await root.ended(trapped);
    succeeded(await machine.sh(`rm ${path} && ${make} ${path}`, { user: "alice" }));
    const { code, stdout, stderr } = await root.corral(["logs", trapped]);
    assert.deepEqual([code, stdout], [1, ""], stderr);
    assert.match(stderr, said);
    assert.equal(stderr.split("\n").length, 2, stderr);
    await machine.exec(["rm", "-f", path]);
  }
}, NATIVE);

machineTest(machine, "root's corral logs opens nothing that another user can change", async () => {
  const path = "/home/alice/corral-test-roots-output";
  const { stdout } = succeeded(
    await root.corral(["run", "--detach", "--output", path, "--", "echo", "roots"]),
  );
  const id = stdout.trim();
  await root.ended(id);
  const { code, stdout: printed, stderr } = await root.corral(["logs", id]);
  assert.deepEqual([code, printed], [1, ""]);
  assert.match(stderr, /^corral: the output file .* can be changed by others than root: .*\n$/);
  await machine.exec(["rm", "-f", path]);
}, NATIVE);

const SET_OUTPUT = `import glob, sqlite3, sys
[store] = glob.glob(sys.argv[1])
with sqlite3.connect(store) as db: db.execute("UPDATE jobs SET output_file = ? WHERE id = ?", sys.argv[2:])`;

machineTest(machine, "corral logs gives up a file system that does not answer", async () => {
  const id = await root.start([], ["true"]);
  await root.ended(id);
  const program = "/tmp/corral-test-logs-mute_fuse.py";
  await machine.putFile(program, await Deno.readTextFile(join(import.meta.dirname!, "mute_fuse.py")));
  const mount = "/mnt/corral-test-logs";
  const server = await machine.spawn(["python3", program, mount], { timeoutMs: 120_000 });
  try {
    await until(root, "it is mounted", `grep -q ' ${mount} ' /proc/self/mountinfo`);
    const store = `${root.stateDir}/*.db`;
    succeeded(await machine.exec(["python3", "-c", SET_OUTPUT, store, `${mount}/mute`, id]));
    const { code, stderr } = await root.corral(["logs", id]);
    assert.equal(code, 1);
    assert.match(stderr, /^corral: .*mute: the output file does not answer \(see its file system\)\n$/);
  } finally {
    await server.kill("SIGKILL");
    await server.wait();
    await machine.exec(["umount", "-l", mount]);
  }
}, { skip: machine.tier !== "vm" && "FUSE is in the virtual machines only" });

/** Two minutes' work on one release, less on the other. */
const MANY = machine.suite === "bookworm" ? 200 : 50;

/** Jobs that speak twice, each followed from its beginning; prints what was heard, and how often. */
const AT_ONCE = `corral=$0 go=$1 count=$2
  ids=$(seq "$count" | xargs -P 8 -I N "$corral" run --quiet --detach sh -c "echo one; until [ -e $go ]; do sleep 1; done; echo two")
  pids=
  for id in $ids; do "$corral" logs --follow "$id" 2>&1 | tr '\\n' ' ' >"$go.$id" & pids="$pids $!"; done
  touch "$go"
  for pid in $pids; do wait "$pid"; done
  for id in $ids; do cat "$go.$id"; echo; done | sort | uniq -c
  rm -f "$go".*`;

machineTest(machine, `${MANY} corral logs --follow at once`, async () => {
  const many = new Caller(machine, "root", "systemd", "logs-many");
  const startMs = Date.now();
  const words = ["/bin/sh", "-c", AT_ONCE, machine.corral, "/tmp/corral-test-logs-many-go", String(MANY)];
  const { stdout } = succeeded(await many.exec(words, { timeoutMs: 400_000 }));
  console.log(`${MANY} jobs, each followed: ${((Date.now() - startMs) / 1000).toFixed(1)} s`);
  assert.equal(stdout.trim(), `${MANY} one two`);
}, NATIVE);

machineTest(
  machine,
  "corral logs of a job in the foreground says where the output is",
  async () => {
    const { job } = await root.run([], ["true"]);
    const { code, stderr } = await root.corral(["logs", job.id]);
    assert.equal(code, 1);
    assert.match(stderr, /^corral: job \w+ has no output file: .*\n$/);
  },
  NATIVE,
);
