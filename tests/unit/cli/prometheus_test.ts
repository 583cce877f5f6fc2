/** Debian's Prometheus scrapes the metrics of a fake node over loopback, in each of the two formats, and answers queries over them. */
import assert from "node:assert/strict";
import { makePlainSource } from "../../../src/cli/serve_plain.ts";
import { dashboard } from "../../../src/view/metrics/dashboard.ts";
import { rulesYaml } from "../../../src/view/metrics/rules.ts";
import { insertEnded } from "../../kit/fakes/ended_job.ts";
import { JOB_ID } from "../../kit/fakes/job.ts";
import { FakeNode } from "../../kit/fakes/node.ts";
import { TempDir } from "../../kit/fakes/temp.ts";
import { isInstalled } from "../../kit/machine/command.ts";
import { pause } from "../../../src/base/poll.ts";

const isThere = isInstalled("prometheus");
const HOSTILE = 'x"} 1\n# EOF\n\\</script>';
const START_CAP_MS = 60_000;

function node(): FakeNode {
  const node = new FakeNode();
  // Prometheus has a clock of its own.
  node.wallMs = Date.now();
  const pool = { name: "gpu", jobs: 2, memoryBytes: 4096, cpus: null, defaultMemoryBytes: null };
  node.pools = new Map([["gpu", pool]]);
  node.start({
    spec: { name: "segment", ref: HOSTILE },
    files: {
      "cpu.stat": "usage_usec 5500000\nuser_usec 1\nsystem_usec 1\n",
      "memory.current": "800\n",
      "memory.stat": "anon 500\nfile 300\n",
    },
  });
  insertEnded(node.stores.open(), { spec: { id: "aaaaaa" }, ending: { reason: "oom" } });
  return node;
}

interface Result {
  metric: Record<string, string>;
  value: [number, string];
}

/** Prometheus of the package, with one target. */
class Prometheus implements AsyncDisposable {
  readonly #temp = new TempDir();
  #child: Deno.ChildProcess | null = null;
  #read: Promise<void> | null = null;
  #url = "";

  async start(target: string, accepts: string): Promise<void> {
    const dir = this.#temp.path;
    const config = {
      global: { scrape_interval: "1s", evaluation_interval: "1s" },
      rule_files: [`${dir}/rules.yml`],
      scrape_configs: [{
        ...{ job_name: "corral", honor_labels: true, static_configs: [{ targets: [target] }] },
        params: { accepts: [accepts] },
      }],
    };
    await Deno.writeTextFile(`${dir}/rules.yml`, rulesYaml());
    await Deno.writeTextFile(`${dir}/prometheus.yml`, JSON.stringify(config));
    this.#child = new Deno.Command("prometheus", {
      args: [
        `--config.file=${dir}/prometheus.yml`,
        `--storage.tsdb.path=${dir}/data`,
        "--web.listen-address=127.0.0.1:0",
      ],
      ...{ stdin: "null", stdout: "null", stderr: "piped" },
    }).spawn();
    this.#url = `http://${await this.#address()}`;
  }

  /** It says which port it was given; what it says is read to its end, or it would die of SIGPIPE. */
  #address(): Promise<string> {
    const found = Promise.withResolvers<string>();
    this.#read = (async () => {
      let said = "";
      for await (const text of this.#child!.stderr.pipeThrough(new TextDecoderStream())) {
        said += text;
        const address = /Listening on" address=(127\.0\.0\.1:[1-9]\d*)/.exec(said)?.[1];
        if (address !== undefined) found.resolve(address);
      }
      found.reject(new Error(`Prometheus did not start: ${said}`));
    })();
    return found.promise;
  }

  async get(path: string): Promise<{ status: string; error?: string; data: unknown }> {
    const response = await fetch(`${this.#url}/api/v1/${path}`);
    return await response.json();
  }

  async query(expr: string): Promise<Result[]> {
    const { status, error, data } = await this.get(`query?query=${encodeURIComponent(expr)}`);
    assert.equal(status, "success", `${expr}: ${error}`);
    return (data as { result: Result[] }).result;
  }

  /** The first scrape; what was wrong with it. */
  async scraped(): Promise<string> {
    for (const until = Date.now() + START_CAP_MS; Date.now() < until;) {
      // Until its store is ready it answers with a word.
      const { data } = await this.get("targets").catch(() => ({ data: { activeTargets: [] } }));
      const [target] = (data as { activeTargets: { health: string; lastError: string }[] }).activeTargets;
      if (target !== undefined && target.health !== "unknown") return target.lastError;
      await pause(50);
    }
    throw new Error("Prometheus scraped nothing");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.status;
    await this.#read;
    this.#temp[Symbol.dispose]();
  }
}

for (const format of ["openmetrics", "prometheus"] as const) {
  Deno.test({
    name: `Prometheus takes the metrics, and answers over them: ${format}${
      isThere ? "" : " (prometheus of the package prometheus is missing)"
    }`,
    ignore: !isThere,
    async fn() {
      using on = node();
      const source = makePlainSource(on.context);
      await using server = Deno.serve(
        { hostname: "127.0.0.1", port: 0, onListen: () => {} },
        async (request) => {
          const accept = format === "openmetrics" ? request.headers.get("accept") : "text/plain";
          const { status, contentType, body } = await source.metrics(accept);
          assert.ok(contentType.includes(format === "openmetrics" ? "openmetrics" : "0.0.4"));
          return new Response(body, { status, headers: { "content-type": contentType } });
        },
      );
      await using prometheus = new Prometheus();
      await prometheus.start(`127.0.0.1:${server.addr.port}`, format);
      assert.equal(await prometheus.scraped(), "");
      const value = async (expr: string) => (await prometheus.query(expr))[0]?.value[1];
      assert.equal(await value(`corral_job_cpu_usage_seconds_total{job="${JOB_ID}"}`), "5.5");
      assert.equal(await value('corral_ended_jobs_total{reason="oom"}'), "1");
      assert.equal(await value('corral_pool_memory_limit_bytes{pool="gpu"}'), "4096");
      const [info] = await prometheus.query("corral_job_info");
      assert.equal(info?.metric["ref"], 'x"} 1\\n# EOF\\n\\</script>');
      assert.equal(await value("count(corral_unkillable_jobs)"), "1");
      // A share of a job, with its name beside it.
      const [named] = await prometheus.query(
        "corral_job_memory_anon_bytes * on (instance, job) group_left (name) corral_job_info",
      );
      assert.deepEqual([named?.metric["name"], named?.value[1]], ["segment", "500"]);
      for (const { targets } of dashboard().panels) {
        for (const { expr } of targets) await prometheus.query(expr.replaceAll("$instance", ".*"));
      }
      const { data } = await prometheus.get("rules");
      const [group] = (data as { groups: { rules: { name: string; health: string }[] }[] }).groups;
      assert.ok(group!.rules.length > 5);
      assert.deepEqual(group!.rules.filter(({ health }) => health === "err"), []);
    },
  });
}
