/** K10: the store of an adopted job stops answering, or its disk fails, after the adoption. */
import assert from "node:assert/strict";
import { machineUnderTest } from "../../kit/machine/for_test.ts";
import type { Running } from "../../kit/machine/machine.ts";
import { type Caller, succeeded, until } from "../machine/caller.ts";
import { spawn } from "./hang_cases.ts";
import { mountFuse, withFileSystem } from "./hung.ts";
import * as stage from "./stage.ts";
import { BOTH_BACKENDS, EVERYONE, hostileTest, ownPath, stubborn } from "./stage.ts";

const machine = await machineUnderTest();

/** Adopts a process that ignores TERM, with a deadline; resolves once that is done. */
async function adopt(caller: Caller, stateDir: string): Promise<Running> {
  const mark = ownPath(caller, "runs");
  const tree = await spawn(caller, stubborn(mark), { cwd: "/" });
  await stage.exists(caller, mark);
  const options = ["--timeout", `${3 * machine.slowness}s`, "--grace", "200ms", "--ref", "it"];
  const argv = [machine.corral, "adopt", "--backend", caller.backend, ...options, "--pid", String(tree.pid)];
  const adopted = await spawn(caller, argv, { env: { CORRAL_STATE_DIR: stateDir }, cwd: "/" });
  succeeded(await adopted.wait());
  return tree;
}

async function isOver(caller: Caller, nativeMs: number): Promise<void> {
  const gone = `! pgrep -f '^/bin/sh -c trap.*${ownPath(caller, "runs")}$'`;
  await until(caller, "the adopted processes are gone", gone, nativeMs);
}

/** Its record after a sweep, which completes it. */
async function recordedReason(caller: Caller, stateDir: string): Promise<unknown> {
  const env = { CORRAL_STATE_DIR: stateDir };
  const recorded = `${machine.corral} sweep --quiet >/dev/null; test "$(${machine.corral} ps --json)" = "[]"`;
  await until(caller, "the end is recorded", `export CORRAL_STATE_DIR=${stateDir}; ${recorded}`);
  const shown = succeeded(await caller.corral(["show", "ref:it", "--json"], { env, cwd: "/" }));
  return JSON.parse(shown.stdout).reason;
}

hostileTest(
  machine,
  "K10: the deadline of an adopted job holds when the store stops answering, and its end is recorded",
  EVERYONE.filter(([user, backend]) => user === "root" || backend === "systemd"),
  async (caller) => {
    await withFileSystem(caller, mountFuse, async (hung) => {
      const stateDir = `${hung.dir}/store`;
      const tree = await adopt(caller, stateDir);
      await hung.hang();
      await isOver(caller, 11_000);
      await hung.release();
      assert.equal(await recordedReason(caller, stateDir), "timeout");
      await tree.wait();
    });
  },
);

hostileTest(
  machine,
  "K10: the deadline of an adopted job holds when the store's disk is full",
  BOTH_BACKENDS,
  async (caller) => {
    const disk = ownPath(caller, "disk");
    await stage.asRoot(machine, 'mkdir -p "$1"; mount -t tmpfs -o mode=700,size=4m none "$1"', [disk]);
    try {
      const tree = await adopt(caller, `${disk}/store`);
      await stage.asRoot(machine, 'cat /dev/zero >"$1/filler" 2>/dev/null || true', [disk]);
      await isOver(caller, 11_000);
      await tree.wait();
      await stage.asRoot(machine, 'rm "$1/filler"', [disk]);
      // There was no room for the reason either; it is not taken for a job that runs.
      assert.equal(await recordedReason(caller, `${disk}/store`), "lost");
    } finally {
      await machine.exec(["umount", "--lazy", disk]);
    }
  },
);
