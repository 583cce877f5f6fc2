import assert from "node:assert/strict";
import { carriedEnvironment } from "../../../../src/act/launch/gate_environment.ts";
import type { RawVariable } from "../../../../src/act/launch/raw_environment.ts";

/** The environment of a process that comes after a shell, as bytes in Latin-1, sorted. */
async function arrived(
  env: Record<string, string>,
  raw: readonly RawVariable[] = [],
  surroundings: Record<string, string> | null = null,
): Promise<string[]> {
  const { initial, script, envWords } = carriedEnvironment(env, raw, surroundings);
  const words = envWords.flatMap((words) => ["/usr/bin/env", ...words]);
  const { stdout, stderr } = await new Deno.Command("/bin/sh", {
    args: ["-c", `${script} exec "$@"`, "sh", ...words, "/bin/cat", "/proc/self/environ"],
    clearEnv: true,
    env: initial,
  }).output();
  assert.equal(new TextDecoder().decode(stderr), "");
  return new TextDecoder("latin1").decode(stdout).split("\0").slice(0, -1).sort();
}

const ODD = {
  "a'b": "quote",
  "a\\b": "backslash",
  "a b\nc\td": "blanks",
  "#x": "comment",
  "-u": "option",
  "${PATH}": "dollar",
  VALUE: "'\"\\ ${PATH} $(id) #\n\t",
  EMPTY: "",
  LD_PRELOAD: "",
  CORRAL_GATE_0: "an outer gate's",
  PWD: "/x",
};

for (const surroundings of [null, { PATH: "/usr/bin:/bin", LC_ALL: "C" }]) {
  const where = surroundings === null ? "of the caller" : "of its own";
  Deno.test(`carriedEnvironment() in surroundings ${where} arrives exactly`, async () => {
    const expected = Object.entries(ODD).map(([name, value]) => `${name}=${value}`).sort();
    assert.deepEqual(await arrived(ODD, [], surroundings), expected);
  });

  Deno.test(`carriedEnvironment() in surroundings ${where} carries every byte that is no string`, async () => {
    const bytes = Uint8Array.from({ length: 255 }, (_, index) => index + 1);
    const octal = [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
    const raw = [{ name: "ALL", octal }, { name: "NEWLINES", octal: "\\377\\012\\012" }];
    const shown = new TextDecoder("latin1").decode(bytes);
    assert.deepEqual(await arrived({}, raw, surroundings), [`ALL=${shown}`, "NEWLINES=\xff\n\n"].sort());
  });
}

Deno.test("carriedEnvironment() has no value in an argument or in the script", () => {
  const secret = "4711";
  const env = { MAIL_PASSWORD: secret, "a.b": secret, PLAIN: secret, LD_PRELOAD: secret };
  for (const surroundings of [null, { PATH: "/bin" }]) {
    const { script, envWords } = carriedEnvironment(env, [{ name: "RAW", octal: secret }], surroundings);
    assert.ok(!JSON.stringify([script, envWords]).includes(secret));
  }
});

Deno.test("carriedEnvironment() shows its surroundings alone under their own names", () => {
  const env = { PATH: "/evil", GCONV_PATH: "/evil", ANYTHING: "1" };
  const { initial, wordFor } = carriedEnvironment(env, [], { PATH: "/bin" });
  assert.deepEqual(Object.keys(initial), ["PATH", "CORRAL_GATE_0", "CORRAL_GATE_1", "CORRAL_GATE_2"]);
  assert.equal(initial["PATH"], "/bin");
  assert.deepEqual([wordFor("PATH"), wordFor("NONE")], ["$CORRAL_GATE_0", null]);
});

Deno.test("carriedEnvironment() leaves to the shell only what neither it nor the loader heeds", () => {
  const env = {
    HOME: "/h",
    "a.b": "1",
    BASH_ENV: "/evil",
    LD_AUDIT: "x",
    MALLOC_PERTURB_: "1",
    NLSPATH: "y",
  };
  const { initial } = carriedEnvironment(env, [], null);
  assert.deepEqual(Object.keys(initial).filter((name) => !name.startsWith("CORRAL_GATE_")), ["HOME"]);
});

Deno.test("carriedEnvironment() carries more names than fit into one argument", async () => {
  const env = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`name.${index}`, "x"]));
  assert.equal((await arrived(env)).length, 5000);
});
