/** Debian's node_exporter hands on what `corral metrics --output` has written into its textfile directory. */
import assert from "node:assert/strict";
import { poll } from "../../../src/base/poll.ts";
import { EXIT } from "../../../src/base/errors.ts";
import { insertEnded } from "../../kit/fakes/ended_job.ts";
import { JOB_ID } from "../../kit/fakes/job.ts";
import { FakeNode } from "../../kit/fakes/node.ts";
import { TempDir } from "../../kit/fakes/temp.ts";
import { isInstalled } from "../../kit/machine/command.ts";

const PROGRAM = "prometheus-node-exporter";
const isThere = isInstalled(PROGRAM);
const HOSTILE = 'x"} 1\n# EOF\n\\</script>';
const CAP_MS = 60_000;

/** What node_exporter serves of that directory, and nothing else of its own. */
async function served(directory: string): Promise<string> {
  await using exporter = new Deno.Command(PROGRAM, {
    args: [
      "--collector.disable-defaults",
      "--collector.textfile",
      `--collector.textfile.directory=${directory}`,
      "--web.listen-address=127.0.0.1:0",
    ],
    ...{ stdin: "null", stdout: "null", stderr: "piped" },
  }).spawn();
  let said = "";
  const reading = (async () => {
    for await (const text of exporter.stderr.pipeThrough(new TextDecoderStream())) said += text;
  })();
  const address = () => /address=(127\.0\.0\.1:[1-9]\d*)/.exec(said)?.[1];
  try {
    assert.ok(await poll(() => address() !== undefined, CAP_MS), said);
    return await (await fetch(`http://${address()}/metrics`)).text();
  } finally {
    exporter.kill("SIGKILL");
    await reading;
  }
}

Deno.test({
  name: `node_exporter hands on the metrics of a node, whatever its jobs are called${
    isThere ? "" : ` (${PROGRAM} is missing)`
  }`,
  ignore: !isThere,
  async fn() {
    using node = new FakeNode();
    using temp = new TempDir();
    node.start({ spec: { name: "segment", ref: HOSTILE }, files: { "cpu.stat": "usage_usec 5500000\n" } });
    insertEnded(node.stores.open(), { spec: { id: "aaaaaa" }, ending: { reason: "oom" } });
    assert.equal(await node.corral("metrics", "--output", `${temp.path}/corral.prom`), EXIT.DONE);
    const text = await served(temp.path);
    assert.match(text, /^node_textfile_scrape_error 0$/m);
    assert.match(text, new RegExp(`^corral_job_cpu_usage_seconds_total\\{job="${JOB_ID}"\\} 5\\.5$`, "m"));
    assert.match(text, /^corral_job_info\{.*ref="x\\"\} 1\\\\n# EOF\\\\n.*<\/script>".*\} 1$/m);
    assert.match(text, /^corral_ended_jobs_total\{reason="oom"\} 1$/m);
    assert.match(text, /^# HELP corral_job_cpu_usage_seconds_total /m);
  },
});
