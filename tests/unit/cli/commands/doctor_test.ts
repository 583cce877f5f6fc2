import assert from "node:assert/strict";
import { runCli } from "../../../../src/cli/program.ts";
import { TrustError } from "../../../../src/base/trust.ts";
import {
  type CheckResult,
  inspectBackend,
  inspectKernel,
  inspectStore,
  inspectTools,
} from "../../../../src/observe/doctor.ts";
import { EXIT, SetupError, StoreError } from "../../../../src/base/errors.ts";
import { FakeBackend } from "../../../kit/fakes/backend.ts";
import { CgroupDir } from "../../../kit/fakes/cgroup_dir.ts";
import { FakeNode } from "../../../kit/fakes/node.ts";
import { TempDir } from "../../../kit/fakes/temp.ts";

const problems = (findings: readonly CheckResult[]) => findings.filter(({ ok }) => !ok);

Deno.test("inspectKernel() finds what a kernel lacks, and tells what only makes corral slower", () => {
  using dir = new CgroupDir();
  dir.add("/x");
  const node = {
    cgroupMount: dir.mount,
    ownCgroup: "/x",
    uid: 0,
    systemdBooted: false,
    userRuntimeDir: null,
  };
  assert.deepEqual(problems(inspectKernel(node, dir.fs, "6.1.0")), []);
  dir.take("/x", "cgroup.kill");
  const [, , kill] = inspectKernel(node, dir.fs, "5.10.0");
  assert.deepEqual([kill?.what, kill?.ok], ["cgroup.kill", true]);
  assert.match(kill!.detail, /^missing: .*needs Linux 5\.14$/);
  dir.take("/x", "cgroup.freeze");
  assert.deepEqual(
    problems(inspectKernel(node, dir.fs, "4.19.0")).map(({ what, remedy }) => [what, remedy]),
    [
      ["cgroup.freeze", "install Linux 5.2 or later"],
    ],
  );
});

Deno.test("inspectKernel() looks at any cgroup when corral is in the root, which has no such files", () => {
  using dir = new CgroupDir();
  const node = { cgroupMount: dir.mount, ownCgroup: "/", uid: 0, systemdBooted: false, userRuntimeDir: null };
  assert.equal(inspectKernel(node, dir.fs, "6.1.0").length, 1);
  dir.add("/any");
  assert.equal(inspectKernel(node, dir.fs, "6.1.0").length, 3);
});

Deno.test("inspectBackend() tells for every controller which options it carries and how to get it", () => {
  using dir = new CgroupDir();
  const findings = inspectBackend(new FakeBackend(dir, ["memory", "pids"]));
  assert.deepEqual(problems(findings), [{
    what: "cpu controller",
    ok: false,
    detail: "missing: --cpus, --cpu-weight cannot be enforced",
    remedy: "remedy cpu",
  }]);
  assert.deepEqual(problems(inspectBackend(new FakeBackend(dir, ["cpu", "memory", "pids"]))), []);
});

Deno.test("inspectTools() looks for systemd-run only where systemd makes the cgroups", () => {
  const looked = (backend: "systemd" | "cgroupfs" | null) =>
    inspectTools("", backend).map(({ what, detail }) => `${what}: ${detail}`).join("; ");
  assert.match(looked("systemd"), /systemd-run/);
  assert.doesNotMatch(looked("cgroupfs"), /systemd-run/);
  assert.doesNotMatch(looked(null), /systemd-run/);
});

Deno.test("inspectTools() finds the tools of this system even with an empty PATH", () => {
  assert.deepEqual(problems(inspectTools("", "systemd")), []);
});

Deno.test("inspectStore() tells where the store is, or what is wrong with it", () => {
  using temp = new TempDir();
  assert.equal(inspectStore(() => temp.path)[0]?.detail, temp.path);
  const broken = () => {
    throw new StoreError("cannot open", { path: "/x", remedy: "remedy it" });
  };
  assert.deepEqual(inspectStore(broken), [{
    what: "store",
    ok: false,
    detail: "/x: cannot open",
    remedy: "remedy it",
  }]);
});

Deno.test("corral doctor prints a line a finding, the remedy under each problem, and exits 1", async () => {
  using node = new FakeNode();
  assert.equal(await node.corral("doctor"), EXIT.NEGATIVE);
  const lines = node.out.trimEnd().split("\n");
  for (const line of lines.slice(0, -1)) assert.match(line, /^(ok {4}\S|FAIL {2}\S| {6}remedy: )/);
  for (const controller of ["memory", "cpu", "pids"]) {
    const at = lines.findIndex((line) => line.startsWith(`FAIL  ${controller} controller: missing: `));
    assert.equal(lines[at + 1], `      remedy: remedy ${controller}`);
  }
  assert.match(lines.at(-1)!, /^\d problems$/);
});

Deno.test("corral doctor goes on when there is no backend at all", async () => {
  using node = new FakeNode();
  node.cgroups.add("/elsewhere");
  const context = node.context;
  context.launchBackend = () => {
    throw new SetupError("nothing here makes cgroups", "remedy it\x1b[2J");
  };
  Object.defineProperty(node, "context", { value: context });
  assert.equal(await node.corral("doctor", "--json"), EXIT.NEGATIVE);
  const { ok, backend, findings } = node.takeJson() as {
    ok: boolean;
    backend: null;
    findings: CheckResult[];
  };
  assert.deepEqual([ok, backend], [false, null]);
  assert.deepEqual(problems(findings).map(({ what, remedy }) => [what, remedy]), [[
    "backend",
    "remedy it\x1b[2J",
  ]]);
  assert.ok(findings.some(({ what }) => what === "store"));
});

Deno.test("corral doctor looks at the node although root refuses the configuration, and names that; no other command does", async () => {
  using node = new FakeNode();
  const asked: (string | undefined)[] = [];
  let out = "";
  const terminal = {
    out: (text: string) => void (out += text),
    err: (text: string) => void (out += text),
    widthColumns: null,
  };
  const makeContext = ({ config }: { config?: string }) => {
    asked.push(config);
    return config === "/dev/null"
      ? Promise.resolve({ ...node.context, stdout: { ...node.context.stdout, write: terminal.out } })
      : Promise.reject(new TrustError("the configuration is another's", "remedy it"));
  };
  assert.equal(await runCli(["doctor"], terminal, makeContext as never), EXIT.NEGATIVE);
  assert.match(
    out,
    /^FAIL {2}configuration: the configuration is another's\n {6}remedy: remedy it\n(ok|FAIL) /,
  );
  assert.equal(await runCli(["ps"], terminal, makeContext as never), EXIT.NEGATIVE);
  assert.deepEqual(asked, [undefined, "/dev/null", undefined]);
});
