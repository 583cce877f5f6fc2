/** What `make release` builds, looked at where it is built. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, onceOnly } from "../../kit/machine/for_test.ts";
import { PROJECT_DIR } from "../../kit/machine/project.ts";
import { build, onHost, release, RELEASE_DIR } from "./release.ts";

const machine = await machineUnderTest();
const once = onceOnly(machine);
/** Of deno.json, for the tests alone (tests/unit/kit/packages_test.ts). */
const FOR_TESTS = ["ajv", "fast-check", "playwright-core"];

machineTest(
  machine,
  "make release gives the same bytes again, under another umask and in another directory",
  async () => {
    await release();
    const sums = await Deno.readTextFile(`${RELEASE_DIR}/SHA256SUMS`);
    assert.equal(sums.trim().split("\n").length, 5, sums);
    await build("077", "/var/tmp");
    assert.equal(await Deno.readTextFile(`${RELEASE_DIR}/SHA256SUMS`), sums);
    const { code, words } = await onHost(["sha256sum", "--check", "--quiet", "SHA256SUMS"], {
      cwd: RELEASE_DIR,
    });
    assert.equal(code, 0, words);
  },
  once,
);

machineTest(machine, "lintian and rpmlint find no error in the packages", async () => {
  const { deb, rpm } = await release();
  const lintian = await onHost(["lintian", "--allow-root", "--fail-on", "error", deb]);
  assert.equal(lintian.code, 0, lintian.words);
  const rpmlint = await onHost(["rpmlint", "--config", ".toolchain/release/rpmlint.toml", rpm]);
  assert.equal(rpmlint.code, 0, rpmlint.words);
  assert.match(rpmlint.words, / 0 errors/);
}, once);

machineTest(machine, "SBOM and copyright name each package that is in the binary, and no other", async () => {
  const { sbom, deb } = await release();
  const { imports } = JSON.parse(await Deno.readTextFile(`${PROJECT_DIR}/deno.json`));
  const { bomFormat, components } = JSON.parse(await Deno.readTextFile(sbom));
  assert.equal(bomFormat, "CycloneDX");
  const names: string[] = components.map(({ name }: { name: string }) => name);
  const missing = Object.keys(imports).filter((name) => !FOR_TESTS.includes(name) && !names.includes(name));
  assert.deepEqual([missing, names.filter((name) => FOR_TESTS.includes(name))], [[], []]);
  const extract = 'dpkg-deb --fsys-tarfile "$0" | tar -xO ./usr/share/doc/corral/copyright';
  const { words } = await onHost(["/bin/sh", "-c", extract, deb]);
  const versions = components.map(({ name, version }: Record<string, string>) => `${name} ${version}`);
  assert.deepEqual([...words.matchAll(/^Comment: (.*)$/gm)].map(([, work]) => work), ["corral", ...versions]);
}, once);
