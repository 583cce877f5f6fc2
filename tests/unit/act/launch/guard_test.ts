import assert from "node:assert/strict";
import { poll } from "../../../../src/base/poll.ts";
import { type Guard, guardOptions, makeGuard } from "../../../../src/act/launch/guard.ts";
import { GUARD_KILLED } from "../../../../src/observe/job.ts";
import { TempDir } from "../../../kit/fakes/temp.ts";

const CAP_MS = 10_000;
/** libc is opened once for all. */
const LIBRARY_STAYS = { sanitizeResources: false };

/** A guard over a directory that stands for a cgroup; `end` is the text of the program that it calls. */
async function withGuard(
  end: string | null,
  act: (guard: Guard, temp: TempDir) => Promise<void>,
  mayKill = true,
): Promise<void> {
  using temp = new TempDir();
  const program = `${temp.path}/corral`;
  if (end !== null) Deno.writeTextFileSync(program, `#!/bin/sh\n${end}\n`, { mode: 0o755 });
  const guard = makeGuard({ id: "7k2m9q", endCommand: [program, "end", "7k2m9q"], env: {}, mayKill });
  guard.watch(temp.path);
  assert.ok(await guard.isReady());
  try {
    await act(guard, temp);
  } finally {
    await guard.release();
  }
}

const exists = (path: string) => poll(() => Deno.readTextFileSync(path) !== "", CAP_MS).catch(() => false);

function fileAppears(path: string): Promise<boolean> {
  return poll(() => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  }, CAP_MS);
}

Deno.test(
  "makeGuard() has corral called when its supervisor is late, and goes on when corral reports that it is not",
  LIBRARY_STAYS,
  async () => {
    await withGuard('echo "$@" >>"${0%/*}/called"; exit 75', async (guard, temp) => {
      // A deadline that passed long ago: the margin is all that is left.
      guard.expectEndWithin(-100_000);
      assert.ok(await fileAppears(`${temp.path}/called`));
      assert.ok(await exists(`${temp.path}/called`));
      assert.match(Deno.readTextFileSync(`${temp.path}/called`), /^end 7k2m9q hung\n/);
      guard.expectEndWithin(null);
      assert.ok(Deno.statSync(`/proc/${guard.pid}`).isDirectory);
    });
  },
);

Deno.test("makeGuard() that is released goes without a call", LIBRARY_STAYS, async () => {
  await withGuard('>"${0%/*}/called"', async (guard, temp) => {
    await guard.release();
    assert.throws(() => Deno.statSync(`${temp.path}/called`), Deno.errors.NotFound);
    assert.throws(() => Deno.statSync(`${temp.path}/cgroup.kill`), Deno.errors.NotFound);
  });
});

/** What a guard does in `directory` whose supervisor, a process of its own, dies. */
async function orphaned(directory: string, program: string, may: string): Promise<void> {
  const script = `
    import { makeGuard } from "${import.meta.resolve("../../../../src/act/launch/guard.ts")}";
    const guard = makeGuard({ id: "7k2m9q", endCommand: ["${program}", "end"], env: {}, mayKill: ${may} });
    guard.watch("${directory}");
    await guard.isReady();
    Deno.kill(Deno.pid, "SIGKILL");
  `;
  await new Deno.Command(Deno.execPath(), { args: ["eval", "--no-lock", script], cwd: "/" }).output();
}

Deno.test(
  "makeGuard() kills by itself, and leaves its mark, exactly when corral does not start",
  LIBRARY_STAYS,
  async () => {
    using temp = new TempDir();
    await orphaned(temp.path, "/no/such/corral", "true");
    assert.ok(await fileAppears(`${temp.path}/cgroup.kill`));
    assert.ok(await exists(`${temp.path}/cgroup.kill`));
    assert.equal(Deno.readTextFileSync(`${temp.path}/cgroup.kill`), "1\n");
    assert.equal(Deno.readTextFileSync(`${temp.path}/${GUARD_KILLED.file}`), `${GUARD_KILLED.text}\n`);
  },
);

Deno.test(
  "makeGuard() starts corral where no end of a job removes its directory",
  LIBRARY_STAYS,
  async () => {
    using temp = new TempDir();
    const program = temp.write("corral", '#!/bin/sh\nreadlink /proc/self/cwd >"${0%/*}/called"; exit 0\n');
    Deno.chmodSync(program, 0o755);
    await orphaned(temp.path, program, "true");
    assert.ok(await fileAppears(`${temp.path}/called`));
    assert.ok(await exists(`${temp.path}/called`));
    assert.equal(Deno.readTextFileSync(`${temp.path}/called`), "/\n");
    assert.throws(() => Deno.statSync(`${temp.path}/cgroup.kill`), Deno.errors.NotFound);
  },
);

Deno.test("makeGuard() that may not kill only calls corral", LIBRARY_STAYS, async () => {
  using temp = new TempDir();
  const program = temp.write("corral", '#!/bin/sh\necho "$@" >"${0%/*}/called"; exit 1\n');
  Deno.chmodSync(program, 0o755);
  await orphaned(temp.path, program, "false");
  assert.ok(await fileAppears(`${temp.path}/called`));
  assert.ok(await exists(`${temp.path}/called`));
  assert.equal(Deno.readTextFileSync(`${temp.path}/called`), "end gone\n");
  assert.throws(() => Deno.statSync(`${temp.path}/cgroup.kill`), Deno.errors.NotFound);
});

Deno.test(
  "guardOptions() hands on where the store is, and nothing else of the caller's environment",
  LIBRARY_STAYS,
  () => {
    const context = {
      env: { HOME: "/home/alice", SECRET: "x", LD_PRELOAD: "/evil.so", PATH: "/evil" },
      self: { path: "/usr/bin/corral", args: [], settingsEnv: { CORRAL_STATE_DIR: "/s" } },
    };
    const options = guardOptions(context, "7k2m9q", { onOrphan: "keep" });
    assert.deepEqual(options, {
      id: "7k2m9q",
      endCommand: ["/usr/bin/corral", "guard-end", "7k2m9q"],
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/home/alice", CORRAL_STATE_DIR: "/s" },
      mayKill: false,
    });
  },
);
