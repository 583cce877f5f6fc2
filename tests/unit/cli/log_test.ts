import assert from "node:assert/strict";
import { resetSync } from "@logtape/logtape";
import { UsageError } from "../../../src/base/errors.ts";
import { makeLog } from "../../../src/cli/log.ts";

async function spoken(options: { logLevel?: string; logFormat?: string }): Promise<string> {
  let text = "";
  const log = await makeLog(options, (more) => void (text += more));
  log.say("job {7k2m9q}\nstarted\x1b[2J");
  log.log("info", "placed", { pid: 4711 });
  log.log("debug", "waiting");
  resetSync();
  return text;
}

Deno.test("makeLog() by default says lines to the user and logs nothing", async () => {
  for (const options of [{}, { logLevel: "warn" }, { logLevel: "error", logFormat: "text" }]) {
    assert.equal(await spoken(options), "corral: job {7k2m9q}\\nstarted\\x1b[2J\n");
  }
});

Deno.test("makeLog() adds what was asked for", async () => {
  assert.equal(
    await spoken({ logLevel: "info" }),
    'corral: job {7k2m9q}\\nstarted\\x1b[2J\ncorral: info: placed {"pid":4711}\n',
  );
  assert.match(await spoken({ logLevel: "debug" }), /corral: debug: waiting\n$/);
});

Deno.test("makeLog() writes a JSON record a line", async () => {
  const records = (await spoken({ logFormat: "json", logLevel: "info" })).trimEnd().split("\n").map((line) =>
    JSON.parse(line)
  );
  assert.deepEqual(records.map(({ level }) => level), ["WARN", "INFO"]);
  assert.equal(records[0].message, "job {7k2m9q}\nstarted\x1b[2J");
});

Deno.test("makeLog() refuses what it does not know", async () => {
  await assert.rejects(spoken({ logLevel: "verbose" }), UsageError);
  await assert.rejects(spoken({ logFormat: "xml" }), /--log-format: "xml" is none of text, json/);
});
