/** A Slurm of one node on the machine under test, with corral in its Epilog and as its HealthCheckProgram. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Machine } from "../../kit/machine/machine.ts";

const UP = "/usr/local/lib/corral-test/slurm_up.sh";
/** Debian has no PATH in an Epilog either; what it prints is read by the tests. */
const EPILOG = "/usr/local/sbin/corral-epilog";
export const EPILOG_LOG = "/var/log/corral-epilog.log";
const EPILOG_TEXT = `#!/bin/sh
exec /usr/local/bin/corral slurm-epilog >>${EPILOG_LOG} 2>&1
`;
const READY_CAP_MS = 60_000;

/** @param track how Slurm finds a step's processes: `linuxproc` or `cgroup` */
export async function startSlurm({ putFile, exec }: Machine, track: "linuxproc" | "cgroup"): Promise<void> {
  await putFile(UP, await Deno.readTextFile(join(import.meta.dirname!, "slurm_up.sh")), 0o755);
  await putFile(EPILOG, EPILOG_TEXT, 0o755);
  await exec(["ln", "-sf", "corral", "/usr/local/bin/corral-health"]);
  const settings = [`Epilog=${EPILOG}`, "JobRequeue=1", "HealthCheckProgram=/usr/local/bin/corral-health"];
  const up = await exec(["bash", UP, track, ...settings], { timeoutMs: READY_CAP_MS });
  assert.equal(up.code, 0, up.stdout + up.stderr);
}

/** Submits a batch script as alice; the number of the job. `options` are words for sbatch(1). */
export async function submit(machine: Machine, script: string, options = ""): Promise<string> {
  const file = `/home/alice/job-${crypto.randomUUID()}.sh`;
  await machine.putFile(file, `#!/bin/bash\n${script}\n`, 0o755);
  const result = await machine.sh(`sbatch --parsable -o /home/alice/%j.out ${options} ${file}`, {
    user: "alice",
  });
  assert.equal(result.code, 0, result.stderr);
  return result.stdout.trim();
}

const LOOK_SECONDS = 0.1;

/** Waits until a shell condition holds on the machine. */
export async function until(machine: Machine, condition: string, capSeconds = 30): Promise<void> {
  const tries = capSeconds / LOOK_SECONDS;
  const loop =
    `n=0; until ${condition}; do n=$((n+1)); [ $n -lt ${tries} ] || exit 1; sleep ${LOOK_SECONDS}; done`;
  const result = await machine.sh(loop, { timeoutMs: (capSeconds + 10) * 1000 * 2 });
  assert.equal(result.code, 0, `${condition}: ${(await machine.sh(`cat ${EPILOG_LOG}; ps -ef`)).stdout}`);
}

/** Waits until Slurm has done with the job, its Epilog included. */
export async function untilOver(machine: Machine, job: string, capSeconds = 30): Promise<void> {
  await until(
    machine,
    `[ -z "$(squeue --noheader --jobs ${job} --states all --format %T | grep -E 'RUN|PEND|COMPLETING|CONF')" ]`,
    capSeconds,
  );
}

/** What alice's store has of the corral jobs of that Slurm job. */
export async function recorded(
  machine: Machine,
  job: string,
): Promise<
  { name: string; reason: string; exitCode: number | null; signal: string | null; slurmRestarts: number }[]
> {
  const { stdout } = await machine.exec([machine.corral, "report", "--all", "--json"], { user: "alice" });
  return JSON.parse(stdout).filter(({ slurmJob }: { slurmJob: number }) => String(slurmJob) === job);
}

/** Processes with these words in their command line. */
export async function running(machine: Machine, words: string): Promise<string> {
  return (await machine.sh(`pgrep -fax '${words}' || true`)).stdout.trim();
}
