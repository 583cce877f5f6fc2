/**
 * `make bench`: launch, kill, memory, sampling, prune, sweep, serve beside live jobs and everybody's ps side by side in one booted container, and
 * report, queue and serve on this machine, as tables with the aims. A busy machine makes every figure worse; the ratios hold, because what is
 * compared runs interleaved. Half an hour, a third of it serve-jobs;
 * `make bench BENCHES="launch sweep"` picks. BEFORE=/path/to/corral compares launch and memory with another build, in the same run.
 */
import { basename, join } from "node:path";
import { isInstalled, runCommand } from "../kit/machine/command.ts";
import type { Machine } from "../kit/machine/machine.ts";
import { bootNspawn } from "../kit/machine/nspawn.ts";
import { CACHE_DIR, PROJECT_DIR } from "../kit/machine/project.ts";
import { obstacle, TIERS } from "../kit/tiers/tier.ts";
import { type Aim, MEASURE_PROGRAM } from "./bench.ts";
import { benchEverybody, MEASURE_EVERYBODY_PROGRAM } from "./everybody.ts";
import { benchKill } from "./kill.ts";
import { benchLaunch } from "./launch.ts";
import { benchMemory } from "./memory.ts";
import { benchPrune, MEASURE_PRUNE_PROGRAM } from "./prune.ts";
import { benchQueue } from "./queue.ts";
import { benchReport } from "./report.ts";
import { benchSampling, MEASURE_SAMPLING_PROGRAM } from "./sampling.ts";
import { benchServe } from "./serve.ts";
import { benchServeJobs, MEASURE_SERVE_PROGRAM } from "./serve_jobs.ts";
import { benchSweep, JOB_ROWS_MODULE, MEASURE_SWEEP_PROGRAM } from "./sweep.ts";

const SUITE = "bookworm";
const BARE_PROGRAM = "/usr/local/bin/bare-deno";
const IDLE_PROGRAM = "/usr/local/bin/idle-deno";
const BEFORE_PROGRAM = "/usr/local/bin/corral-before";
/** Another build of corral (`make bench BEFORE=…`), or none. */
const BEFORE = Deno.env.get("BEFORE") || null;
/** Programs that do nothing: one ends, the other waits. */
const BARE_SOURCE = "";
const IDLE_SOURCE = 'console.error("idle started now"); setInterval(() => {}, 3_600_000);';
/** Off the container's overlay: V8 cannot share its code with a file there and copies 2 MB of it into each process. */
const PROGRAMS_DIR = "/dev/shm";
const COMPILE_TIMEOUT_MS = 60_000;

const IN_A_CONTAINER = ["launch", "kill", "memory", "sampling", "prune", "sweep", "serve-jobs", "everybody"];
const DIST_CORRAL = join(PROJECT_DIR, "dist", "corral");

async function main(): Promise<number> {
  const wanted = (name: string) => Deno.args.length === 0 || Deno.args.includes(name);
  const aims: Aim[] = [];
  if (IN_A_CONTAINER.some(wanted)) {
    const tier = TIERS.find(({ name }) => name === `nspawn-${SUITE}`);
    const reason = tier === undefined ? "has no container" : obstacle(tier);
    if (reason !== null) {
      console.error(`bench: ${reason}`);
      return 1;
    }
    aims.push(...await benchInContainer(wanted));
  }
  if (wanted("report")) aims.push(...await benchHere());
  if (wanted("queue")) aims.push(...await benchQueue(DIST_CORRAL));
  if (wanted("serve")) aims.push(...await benchServe(DIST_CORRAL));
  for (const { what, met } of aims) console.log(`${met ? "met   " : "missed"}  ${what}`);
  return 0;
}

async function benchInContainer(wanted: (name: string) => boolean): Promise<Aim[]> {
  const machine = await bootNspawn(SUITE, {
    [MEASURE_PROGRAM]: join(import.meta.dirname!, "measure.py"),
    [MEASURE_SAMPLING_PROGRAM]: join(import.meta.dirname!, "measure_sampling.py"),
    [MEASURE_PRUNE_PROGRAM]: join(import.meta.dirname!, "measure_prune.py"),
    [MEASURE_SWEEP_PROGRAM]: join(import.meta.dirname!, "measure_sweep.py"),
    [MEASURE_SERVE_PROGRAM]: join(import.meta.dirname!, "measure_serve.py"),
    [MEASURE_EVERYBODY_PROGRAM]: join(import.meta.dirname!, "measure_everybody.py"),
    [JOB_ROWS_MODULE]: join(import.meta.dirname!, "job_rows.py"),
    [BARE_PROGRAM]: await compileBare("bare-deno", BARE_SOURCE),
    [IDLE_PROGRAM]: await compileBare("idle-deno", IDLE_SOURCE),
    ...(BEFORE === null ? {} : { [BEFORE_PROGRAM]: BEFORE }),
  });
  try {
    return await bench(machine, wanted);
  } finally {
    await machine.stop();
  }
}

async function bench(machine: Machine, wanted: (name: string) => boolean): Promise<Aim[]> {
  const place = async (program: string) => {
    await machine.exec(["cp", program, PROGRAMS_DIR]);
    return join(PROGRAMS_DIR, basename(program));
  };
  const corral = await place(machine.corral);
  const bare = await place(BARE_PROGRAM);
  const idle = await place(IDLE_PROGRAM);
  const before = BEFORE === null ? null : await place(BEFORE_PROGRAM);
  const { stdout } = await machine.exec([corral, "--version"]);
  introduce(stdout, machine.name);
  const all: Record<string, () => Promise<Aim[]>> = {
    launch: () => benchLaunch(machine, { corral, bare, before }),
    kill: () => benchKill(machine, corral),
    memory: () => benchMemory(machine, { corral, idle, before }),
    sampling: async () => [await benchSampling(machine, corral)],
    prune: async () => [await benchPrune(machine, corral)],
    sweep: () => benchSweep(machine, { corral, bare }),
    "serve-jobs": () => benchServeJobs(machine, corral),
    everybody: async () => [await benchEverybody(machine, corral)],
  };
  const aims: Aim[] = [];
  for (const [name, run] of Object.entries(all)) if (wanted(name)) aims.push(...await run());
  return aims;
}

async function benchHere(): Promise<Aim[]> {
  if (!isInstalled("sqlite3")) {
    console.error("bench: report needs sqlite3, run: apt-get install --yes sqlite3");
    return [];
  }
  introduce(await runCommand([DIST_CORRAL, "--version"], { timeoutMs: COMPILE_TIMEOUT_MS }), "this machine");
  return await benchReport({ corral: DIST_CORRAL, bare: await compileBare("bare-deno", BARE_SOURCE) });
}

function introduce(version: string, where: string): void {
  const load = Deno.loadavg()[0]!.toFixed(1);
  console.log(`${version.trim()}, ${where}, ${navigator.hardwareConcurrency} cores, load ${load}\n`);
}

/** A program of one line, compiled as dist/corral is: what no program of this kind can do without. */
async function compileBare(name: string, text: string): Promise<string> {
  const binary = join(CACHE_DIR, `${name}-${Deno.version.deno}`);
  if (await Deno.stat(binary).then(() => true, () => false)) return binary;
  const source = await Deno.makeTempFile({ suffix: ".js" });
  await Deno.writeTextFile(source, text);
  const runtime = join(PROJECT_DIR, ".toolchain", "denort");
  const pinned = Deno.env.has("DENORT_BIN") || !await Deno.stat(runtime).then(() => true, () => false);
  const flags = ["--quiet", "--no-config", "--no-lock", "--no-check", "--no-code-cache", "--allow-all"];
  try {
    await runCommand([Deno.execPath(), "compile", ...flags, "--output", `${binary}.new`, source], {
      timeoutMs: COMPILE_TIMEOUT_MS,
      ...(pinned ? {} : { env: { DENORT_BIN: runtime } }),
    });
  } finally {
    await Deno.remove(source);
  }
  await Deno.rename(`${binary}.new`, binary);
  return binary;
}

Deno.exit(await main());
