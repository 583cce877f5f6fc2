/** K1: a command line of any bytes: the arguments of a job arrive as they were given, and corral's own words are refused in one line. */
import assert from "node:assert/strict";
import { machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { succeeded } from "../machine/caller.ts";
import * as stage from "./stage.ts";
import { EVERYONE, hostileTest, launch, ownPath, ROOT } from "./stage.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);

/** Bytes that are none of UTF-8, alone and between characters: Latin-1, cut short, too long, a surrogate, beyond the last plane. */
const ODD = [
  "'caf\\xe9'",
  "'\\xff'",
  "'\\x80\\x81'",
  "'\\xc3'",
  "'a\\xe2\\x82'",
  "'\\xc0\\xaf'",
  "'\\xed\\xa0\\x80'",
  "'\\xf4\\x90\\x80\\x80'",
  "'é\\xe9😀\\xf0\\x9f'",
  "'--\\xe9'",
].map((word) => `$${word}`).join(" ");
const SHOW = `'printf "%s\\0" "$@" | od -An -tx1 -v'`;

hostileTest(machine, "K1: a job's arguments may be of any bytes", EVERYONE, async (caller) => {
  const run = (options: readonly string[], rest: string) =>
    stage.script(caller, `"$@" ${rest}`, launch(caller, [...options, "--quiet"], []));
  const plain = await stage.script(caller, `sh -c ${SHOW} sh ${ODD}`);
  const through = await run([], `sh -c ${SHOW} sh ${ODD}`);
  assert.deepEqual([through.code, through.stdout, through.stderr], [0, succeeded(plain).stdout, ""]);
  const output = ownPath(caller, "output");
  const { stdout } = succeeded(await run(["--detach", "--output", output], `sh -c ${SHOW} sh ${ODD}`));
  await stage.endedAs(caller, stdout.trim(), "exited");
  assert.equal(succeeded(await caller.exec(["cat", output])).stdout, plain.stdout);
  const shown = succeeded(await caller.corral(["show", stdout.trim()])).stdout;
  assert.match(shown, /caf\\xe9/);
}, NATIVE);

hostileTest(
  machine,
  "K1: corral's own words are UTF-8, and others are refused in one line",
  ROOT,
  async (caller) => {
    const words = [
      "--name $'\\xe9' true",
      "--output $'/tmp/\\xe9' --detach true",
      "$'/bin/\\xe9'",
      "--env A=$'\\xe9' true",
    ];
    for (const rest of words) {
      const { code, stderr } = await stage.script(caller, `${machine.corral} run ${rest}`);
      assert.deepEqual([code, stderr.trimEnd().split("\n").length], [2, 1], `${rest}: ${stderr}`);
      assert.match(stderr, /^corral: ".*\\xe9" is no UTF-8 \(only what corral run passes on/);
    }
    for (const verb of ["kill", "show", "ps --name", "strays", "wait", ""]) {
      const { code, stderr } = await stage.script(caller, `${machine.corral} ${verb} $'\\xe9'`);
      assert.deepEqual([code, /is no UTF-8/.test(stderr)], [2, true], `${verb}: ${stderr}`);
    }
  },
  NATIVE,
);
