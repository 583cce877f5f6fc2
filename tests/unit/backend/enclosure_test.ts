/** The cgroup of an --on-end command on a kernel that has no cgroup.kill: a directory here, in which a write to that file fails. */
import assert from "node:assert/strict";
import { encloseInDirectory, type EnclosureSource, endForgotten } from "../../../src/backend/enclosure.ts";
import { onEndDirectory } from "../../../src/job/names.ts";
import { Procs } from "../../../src/linux/proc.ts";
import { CgroupDir } from "../../kit/fakes/cgroup_dir.ts";
import { Child } from "../../kit/fakes/child.ts";
import { JOB_ID } from "../../kit/fakes/job.ts";
import { QuickTime } from "../../kit/fakes/quick_time.ts";
import { testsOf } from "../../kit/fakes/tests_of.ts";

const PARENT = "/corral";
const PATH = `${PARENT}/${onEndDirectory(JOB_ID)}`;

/** The real /proc, in which every process is in a cgroup of the test's choice. */
class ProcsOf extends Procs {
  constructor(readonly cgroup: string) {
    super("/proc");
  }

  override cgroupPath(): string {
    return this.cgroup;
  }
}

/** A directory that lists these pids, for the command of JOB_ID. */
class Bench implements Disposable {
  readonly dir = new CgroupDir();
  readonly #time = new QuickTime(50);

  list(pids: readonly number[]): void {
    this.dir.add(PATH, { "cgroup.procs": pids.map((pid) => `${pid}\n`).join("") });
    this.dir.take(PATH, "cgroup.kill");
  }

  /** Processes that are listed are in `cgroup` by now. */
  sourceIn(cgroup: string): EnclosureSource {
    return { fs: this.dir.fs, procs: new ProcsOf(cgroup) };
  }

  /** Two days later. */
  async endForgotten(cgroup: string): Promise<void> {
    await endForgotten(this.sourceIn(cgroup), PARENT, Date.now() + 2 * 86_400_000);
  }

  [Symbol.dispose](): void {
    this.#time[Symbol.dispose]();
    this.dir[Symbol.dispose]();
  }
}

const test = testsOf(() => new Bench());

test("endForgotten() kills by its number no process that has left the cgroup since it was listed", async (bench) => {
  await using bystander = new Child("exec sleep 1000");
  bench.list([bystander.pid, 0, 1, -1]);
  await bench.endForgotten("/elsewhere");
  assert.ok(await bystander.wasLeftAlone());
});

test("endForgotten() kills the processes of the cgroup by their numbers", async (bench) => {
  await using member = new Child("exec sleep 1000");
  bench.list([member.pid]);
  await bench.endForgotten(PATH);
  assert.equal(await member.signal, "SIGKILL");
});

test("Enclosure.end() kills by its number a process that lies in it, and no other", async (bench) => {
  for (const cgroup of [PATH, "/elsewhere"]) {
    await using process = new Child("exec sleep 1000");
    bench.dir.add(PARENT);
    const mkdir = Deno.mkdirSync;
    Deno.mkdirSync = (path) => {
      Deno.mkdirSync = mkdir;
      mkdir(path);
      bench.list([]);
    };
    const enclosure = await encloseInDirectory(bench.sourceIn(cgroup), PARENT, {
      id: JOB_ID,
      pid: process.pid,
    });
    assert.equal(await enclosure?.end(), false, "a directory here never gets empty");
    assert.equal(await process.wasLeftAlone(), cgroup !== PATH, cgroup);
    bench.dir.vanish(PATH);
  }
});
