import assert from "node:assert/strict";
import { startLoneProcess } from "../../../src/linux/lone_process.ts";
import { poll } from "../../../src/base/poll.ts";
import { Procs } from "../../../src/linux/proc.ts";

const CAP_MS = 10_000;
/** libc is opened once for all. */
const LIBRARY_STAYS = { sanitizeResources: false };

Deno.test(
  "startLoneProcess() shares neither session, descriptors nor signals with this process",
  LIBRARY_STAYS,
  async () => {
    const script = 'echo ready >&0; while read -r line; do [ "$line" = done ] && exit; done';
    const shell = startLoneProcess(["/bin/sh", "-c", script], { A: "b" });
    try {
      let said = "";
      assert.ok(await poll(() => (said += shell.received()).includes("ready"), CAP_MS));
      assert.equal(new Procs("/proc").stat(shell.pid)!.session, shell.pid);
      const links = [...Deno.readDirSync(`/proc/${shell.pid}/fd`)].map(({ name }) => name);
      assert.deepEqual(links, ["0"]);
      assert.match(Deno.readLinkSync(`/proc/${shell.pid}/fd/0`), /^socket:/);
      assert.equal(Deno.readTextFileSync(`/proc/${shell.pid}/environ`), "A=b\0");
      assert.match(Deno.readTextFileSync(`/proc/${shell.pid}/status`), /^SigBlk:\t0+$/m);
      assert.match(Deno.readTextFileSync(`/proc/${shell.pid}/status`), /^SigIgn:\t0+$/m);
    } finally {
      shell.send("done");
      assert.ok(await poll(() => shell.hasExited(), CAP_MS));
      shell.forget();
    }
  },
);

Deno.test(
  "startLoneProcess() ends a read that takes longer than the limit, from the next one on",
  LIBRARY_STAYS,
  async () => {
    const shell = startLoneProcess(["/bin/sh", "-c", "read -r first; read -r second; exit 0"], {});
    shell.limitReads(50);
    shell.send("again");
    assert.ok(await poll(() => shell.hasExited(), CAP_MS));
    shell.forget();
  },
);

Deno.test("startLoneProcess() throws for a program that is not there", LIBRARY_STAYS, () => {
  assert.throws(
    () => startLoneProcess(["/no/such/program"], {}),
    /^Error: \/no\/such\/program: No such file or directory$/,
  );
});

Deno.test("startLoneProcess().kill() ends a process that is stopped", LIBRARY_STAYS, async () => {
  const shell = startLoneProcess(["/bin/sh", "-c", "kill -STOP $$; exit 3"], {});
  const procs = new Procs("/proc");
  assert.ok(await poll(() => procs.stat(shell.pid)!.state === "T", CAP_MS));
  assert.equal(shell.hasExited(), false);
  shell.kill();
  assert.ok(await poll(() => shell.hasExited(), CAP_MS));
  shell.kill();
  shell.forget();
});
