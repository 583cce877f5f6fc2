/** corral-python(7) with the real tools, where this machine has them: GNU parallel, Snakemake, Celery. Its other blocks run in a machine. */
import assert from "node:assert/strict";
import { PAGES } from "../../../src/view/manual/pages.ts";
import { TempDir } from "../../kit/fakes/temp.ts";
import { isInstalled } from "../../kit/machine/command.ts";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import { runnableBlocks } from "../../kit/readme/blocks.ts";
import { HostCorral } from "./host_corral.ts";

const machine = await machineUnderTest();
const PAGE = PAGES["corral-python.7"]!;
const TIMEOUT_MS = 120_000;
/** The tools are Debian's, and so is their Python. */
const PYTHON = "/usr/bin/python3";
const RULES = `rule all:
    input: "good.txt"
rule good:
    output: "good.txt"
    shell: "sleep 0.2; echo done > {output}"
rule bad:
    output: "bad.txt"
    shell: "exit 3"
`;
const SETTINGS = `broker_url = "filesystem://"
broker_transport_options = {"data_folder_in": "queue", "data_folder_out": "queue", "processed_folder": "done"}
result_backend = "file:///results"
`;

/** The text of the one block in this language. */
function blockIn(language: string): string {
  const found = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "m").exec(PAGE);
  assert.ok(found, language);
  return `${found[1]}`;
}

/** A directory with corral in PATH, as a user who has installed it sees it. */
class Desk implements AsyncDisposable {
  readonly temp = new TempDir();

  private constructor(readonly corral: HostCorral) {
    Deno.mkdirSync(`${this.temp.path}/bin`);
    Deno.symlinkSync(corral.binary, `${this.temp.path}/bin/corral`);
    this.temp.write("config.toml", 'backend = "cgroupfs"\nbest-effort = true\n');
  }

  static async set(): Promise<Desk> {
    return new Desk(await HostCorral.on(machine));
  }

  async sh(script: string): Promise<{ code: number; words: string }> {
    const { path } = this.temp;
    const { code, stdout, stderr } = await new Deno.Command("/bin/sh", {
      args: ["-c", script],
      cwd: path,
      stdin: "null",
      env: {
        PATH: `${path}/bin:/usr/bin:/bin`,
        HOME: path,
        CORRAL_STATE_DIR: this.corral.stateDir,
        CORRAL_CONFIG: `${path}/config.toml`,
        CORRAL_CGROUP_ROOT: this.corral.root,
      },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).output();
    const decoder = new TextDecoder();
    return { code, words: decoder.decode(stdout) + decoder.decode(stderr) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.corral[Symbol.asyncDispose]();
    this.temp[Symbol.dispose]();
  }
}

async function isPythonModule(name: string): Promise<boolean> {
  if (!isInstalled("python3")) return false;
  try {
    return (await new Deno.Command(PYTHON, { args: ["-c", `import ${name}`], stderr: "null" }).output())
      .success;
  } catch {
    return false;
  }
}

const unless = (isThere: boolean, tool: string) => isThere ? {} : { skip: `${tool} is not here` };

for (const { line, script, says } of runnableBlocks(PAGE).filter(({ place }) => place === "tools")) {
  machineTest(machine, `corral-python(7) line ${line}: ${script.split("\n")[0]}`, async () => {
    await using desk = await Desk.set();
    const { code, words } = await desk.sh(script);
    assert.equal(code, 0, words);
    assert.match(words, says!);
    assert.match(words, /1\.csv\.gz 2\.csv\.gz/);
  }, unless(isInstalled("parallel"), "parallel"));
}

machineTest(
  machine,
  "corral-python(7): Snakemake runs its rules as jobs, and learns which failed",
  async () => {
    await using desk = await Desk.set();
    desk.temp.write("Snakefile", RULES);
    desk.temp.write("profile/config.yaml", blockIn("yaml"));
    Deno.chmodSync(desk.temp.write("profile/status", blockIn("status")), 0o755);
    const good = await desk.sh("snakemake --profile profile --max-status-checks-per-second 10 good.txt");
    assert.equal(good.code, 0, good.words);
    assert.equal(Deno.readTextFileSync(`${desk.temp.path}/good.txt`), "done\n");
    const bad = await desk.sh("snakemake --profile profile --max-status-checks-per-second 10 bad.txt");
    assert.equal(bad.code, 1, bad.words);
    assert.match(bad.words, /Error in rule bad/);
    const { stdout } = await desk.corral.corral("report", "--json");
    const jobs: { name: string; exitCode: number }[] = JSON.parse(stdout);
    assert.deepEqual(jobs.map(({ name, exitCode }) => [name, exitCode === 0]), [["good", true], [
      "bad",
      false,
    ]]);
  },
  unless(isInstalled("snakemake"), "snakemake"),
);

/** Runs `ask` beside a worker that has the manual's task, with these further options. */
async function withWorker(
  desk: Desk,
  { ask, options, workers }: { ask: string; options: string; workers: string },
) {
  desk.temp.write("tasks.py", blockIn("celery").replace('"--with-parent"', `"--with-parent"${options}`));
  desk.temp.write("settings.py", SETTINGS.replace("file:///results", `file://${desk.temp.path}/results`));
  desk.temp.write("ask.py", ask);
  return await desk.sh(`mkdir -p queue done results
    ${PYTHON} -m celery -A tasks worker ${workers} --loglevel error >worker.log 2>&1 & worker=$!
    ${PYTHON} ask.py; code=$?
    kill $worker; wait $worker; cat worker.log; exit $code`);
}

machineTest(machine, "corral-python(7): a Celery task runs its command as a job of its id", async () => {
  await using desk = await Desk.set();
  const { code, words } = await withWorker(desk, {
    ask:
      'from tasks import run\nresult = run.delay(["sh", "-c", "exit 5"])\nprint("code", result.get(timeout=60))\n',
    options: "",
    workers: "--pool solo",
  });
  assert.equal(code, 0, words);
  assert.match(words, /code 5/);
  const { stdout } = await desk.corral.corral("report", "--json");
  const [job] = JSON.parse(stdout);
  assert.deepEqual([job.exitCode, /^[0-9a-f-]{36}$/.test(job.ref)], [5, true]);
}, unless(await isPythonModule("celery"), "celery"));

machineTest(
  machine,
  "corral-python(7): ten Celery tasks at once run three at a time in a pool of three",
  async () => {
    await using desk = await Desk.set();
    desk.temp.write("config.toml", 'backend = "cgroupfs"\nbest-effort = true\n[pools.three]\njobs = 3\n');
    const { code, words } = await withWorker(desk, {
      ask: `from tasks import run
results = [run.delay(["sleep", "0.5"]) for _ in range(10)]
print("codes", *[result.get(timeout=90) for result in results])
`,
      options: ', "--pool", "three"',
      workers: "--pool threads --concurrency 10",
    });
    assert.equal(code, 0, words);
    assert.match(words, /codes 0 0 0 0 0 0 0 0 0 0\n/);
    const { stdout } = await desk.corral.corral("report", "--json");
    const jobs: { startedAt: string; endedAt: string; queuedMs: number }[] = JSON.parse(stdout);
    assert.equal(jobs.length, 10);
    const atOnce = jobs.map(({ startedAt: at }) =>
      jobs.filter(({ startedAt, endedAt }) => startedAt <= at && at < endedAt).length
    );
    assert.equal(Math.max(...atOnce), 3);
    assert.ok(jobs.some(({ queuedMs }) => queuedMs > 500));
  },
  unless(await isPythonModule("celery"), "celery"),
);
