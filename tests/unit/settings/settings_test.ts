import assert from "node:assert/strict";
import { UsageError } from "../../../src/base/errors.ts";
import { readSettings } from "../../../src/settings/read.ts";
import { defaultWords, SETTING_BY_NAME, SETTINGS } from "../../../src/settings/settings.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

async function settingsOf(text: string) {
  using temp = new TempDir();
  const config = temp.write("config.toml", text);
  const { configFile: _, ...settings } = await readSettings({
    uid: 0,
    userStateDir: () => "/state",
    storeFile: () => "node7.db",
    env: {},
    cwd: "/",
    options: { config },
  });
  return settings;
}

Deno.test("SETTINGS: a file that has every default as the manual shows it changes nothing", async () => {
  const rows = SETTINGS.filter((row) => row.default !== null);
  assert.ok(rows.length > 5);
  const lines = rows.map((row) => `${row.key} = ${defaultWords(row)}\n`);
  assert.deepEqual(await settingsOf(lines.join("")), await settingsOf(""));
});

Deno.test("SETTINGS: every key is read, checked, and named when a key is unknown", async () => {
  for (const { key } of SETTINGS) {
    await assert.rejects(settingsOf(`${key} = 1979-05-27`), (error: UsageError) => {
      assert.ok(error instanceof UsageError && error.message.includes(`: ${key}: `), key);
      return true;
    });
  }
  await assert.rejects(settingsOf("no-such-key = 1"), (error: UsageError) => {
    assert.ok(error.remedy?.endsWith(SETTINGS.map(({ key }) => key).join(", ")), error.remedy ?? "");
    return true;
  });
});

Deno.test("SETTINGS: every row says what it is, under a key of its own", () => {
  for (const row of SETTINGS) {
    assert.match(row.help, /^[A-Z].*\.$/, row.key);
    assert.match(row.typeWords, /\w/, row.key);
    assert.match(defaultWords(row), /\S/, row.key);
  }
  assert.equal(new Set(SETTINGS.map(({ key }) => key)).size, Object.keys(SETTING_BY_NAME).length);
});
