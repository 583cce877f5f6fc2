import assert from "node:assert/strict";
import type { Context } from "../../../../src/cli/context.ts";
import { CorralError } from "../../../../src/base/errors.ts";
import { detachedHalf, startSupervisor, withoutMark } from "../../../../src/act/launch/detach.ts";
import { JOB_ID } from "../../../kit/fakes/job.ts";
import { FakeNode } from "../../../kit/fakes/node.ts";
import { TempDir } from "../../../kit/fakes/temp.ts";

const MARK = "CORRAL_SUPERVISE";

/** A node on which the second corral is this script. */
class Halves implements Disposable {
  readonly node = new FakeNode();
  readonly #temp = new TempDir();

  constructor(readonly script: string) {}

  async start(): Promise<void> {
    const path = this.#temp.write("corral", `#!/bin/sh\n${this.script}\n`);
    Deno.chmodSync(path, 0o755);
    const context: Context = {
      ...this.node.context,
      self: { path, args: ["adopt", "two words"], settingsEnv: {} },
    };
    await startSupervisor(context, this.node.backend, JOB_ID);
  }

  [Symbol.dispose](): void {
    this.#temp[Symbol.dispose]();
    this.node[Symbol.dispose]();
  }
}

Deno.test("startSupervisor() starts the same command line, with the id, in a session of its own", async () => {
  using halves = new Halves(
    `[ "$2" = "two words" ] && [ "$(ps -o sid= -p $$ | tr -d ' ')" = $$ ] && echo "say \\"$${MARK}\\"" && echo started`,
  );
  await halves.start();
  assert.deepEqual(halves.node.said, [JOB_ID]);
});

Deno.test("startSupervisor() passes on what is said until the start, in any pieces", async () => {
  using halves = new Halves(
    `printf 'say "one'; sleep 0.05; printf '\\\\ntwo"\\nsay "three"\\nsta'; sleep 0.05; printf 'rted\\nsay "four"\\n'`,
  );
  await halves.start();
  assert.deepEqual(halves.node.said, ["one\ntwo", "three"]);
});

Deno.test("startSupervisor() fails with the words and the exit code of a supervisor that ends before", async () => {
  using halves = new Halves("echo 'corral: no such thing' >&2; exit 2");
  await assert.rejects(halves.start(), (error: CorralError) => {
    assert.deepEqual([error.message, error.exitCode], ["no such thing", 2]);
    return true;
  });
  using silent = new Halves("exit 0");
  await assert.rejects(silent.start(), /the supervisor did not start/);
});

Deno.test("detachedHalf() of a job that waited in a queue does not depend on the process that started it", () => {
  using node = new FakeNode();
  node.outputEnds = true;
  node.env = { [MARK]: "abcdef" };
  assert.equal(detachedHalf(node.context)!.started(), false);
  node.env = { [MARK]: "abcdef:absent" };
  const { id, started } = detachedHalf(node.context)!;
  assert.deepEqual([id, started()], ["abcdef", true]);
});

Deno.test("detachedHalf() is nobody in the first half; in the second it speaks through the pipe until the start", () => {
  using node = new FakeNode();
  assert.equal(detachedHalf(node.context), null);
  node.env = { [MARK]: JOB_ID };
  const detached = detachedHalf(node.context)!;
  detached.say('say "this"');
  detached.started();
  detached.say("too late");
  assert.equal(detached.id, JOB_ID);
  assert.equal(node.out, 'say "say \\"this\\""\nstarted\n');
  assert.deepEqual(node.said, ["too late"]);
  assert.deepEqual(withoutMark({ ...node.env, HOME: "/" }), { HOME: "/" });
});
