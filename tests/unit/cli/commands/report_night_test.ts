/** Who ate the node: sums over a night, of ended jobs that reach into it and of live ones. */
import assert from "node:assert/strict";
import { EXIT } from "../../../../src/base/errors.ts";
import { insertEnded } from "../../../kit/fakes/ended_job.ts";
import { BOOT_ID } from "../../../kit/fakes/job.ts";
import { FakeNode } from "../../../kit/fakes/node.ts";
import { readCsv } from "../../../kit/fakes/table.ts";

const HOUR_MS = 3_600_000;
const MIDNIGHT_MS = new Date(2026, 10, 2).getTime();
const at = (hour: number) => MIDNIGHT_MS + hour * HOUR_MS;
const HOUR_USEC = HOUR_MS * 1_000;
const GIB = 2 ** 30;

/** Seen at six in the morning: one job reached into the night, one lay in it, one was over before, and one lives since 22:00. */
function night(): FakeNode {
  const node = new FakeNode();
  node.proc.write("sys/kernel/hostname", "node7\n");
  const store = node.stores.open();
  const add = (id: string, user: string, [from, to]: [number, number]) =>
    insertEnded(store, {
      spec: { id, user, name: `of ${user}`, tags: { project: user === "carol" ? "brain" : "heart" } },
      startedAtMs: at(from),
      ending: { endedAtMs: at(to) },
      usage: {
        wallMs: (to - from) * HOUR_MS,
        cpuUsageUsec: (to - from) * HOUR_USEC,
        memoryPeakBytes: 2 * GIB,
      },
    });
  add("aaaaaa", "carol", [-2, 2]);
  add("aaaaab", "carol", [1, 2]);
  add("aaaaac", "dave", [-9, -8]);
  node.wallMs = at(6);
  node.bootMs = 9 * HOUR_MS;
  node.start({
    spec: { id: "aaaaad", user: "erin", name: "of erin", tags: { project: "heart" }, createdAtMs: at(-2) },
    watch: { supervisor: { pid: 7, startTicks: 1, bootId: BOOT_ID } },
    run: { startedAtMs: at(-2), startedBootMs: HOUR_MS },
    files: {
      "cpu.stat": `usage_usec ${16 * HOUR_USEC}\nuser_usec 0\nsystem_usec 0\n`,
      "memory.peak": `${GIB}\n`,
    },
  });
  return node;
}

async function sums(by: string): Promise<string[]> {
  using node = night();
  const columns = `${by},count,cpu-sum,wall-sum,memory-sum`;
  const args = [
    "--since",
    "2026-11-02T00:00",
    "--truncate",
    "--by",
    by,
    "--columns",
    columns,
    "--format",
    "csv",
  ];
  assert.equal(await node.corral("report", ...args), EXIT.DONE, node.said.join("\n"));
  return (await readCsv(node.out)).map((row) => {
    const [key, count, cpu, wall, memory] = Object.values(row);
    return `${key}: ${count} jobs, ${Number(cpu) / HOUR_USEC} h of CPU, ${Number(wall) / HOUR_MS} h, ${
      Number(memory) / GIB
    } GiB h`;
  });
}

const CAROL = "2 jobs, 3 h of CPU, 3 h, 6 GiB h";
const ERIN = "1 jobs, 12 h of CPU, 6 h, 6 GiB h";

for (
  const [by, expected] of [
    ["user", [`carol: ${CAROL}`, `erin: ${ERIN}`]],
    ["name", [`of carol: ${CAROL}`, `of erin: ${ERIN}`]],
    ["tag:project", [`brain: ${CAROL}`, `heart: ${ERIN}`]],
    ["host", ["node7: 3 jobs, 15 h of CPU, 9 h, 12 GiB h"]],
  ] as const
) {
  Deno.test(`corral report --by ${by} --truncate has the sums of a night, live jobs included`, async () => {
    assert.deepEqual(await sums(by), expected);
  });
}
