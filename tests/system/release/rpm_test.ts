/** The .rpm in a tree of its own: no RPM system can be bootstrapped from Debian's packages, so its scripts are not run. */
import assert from "node:assert/strict";
import { PROJECT_DIR } from "../../kit/machine/project.ts";

const RELEASE = `${PROJECT_DIR}/dist/release`;
const RPM = [...Deno.readDirSync(RELEASE)].map(({ name }) => name).find((name) => name.endsWith(".rpm")) ??
  assert.fail("no .rpm: make release");

async function rpm(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command("rpm", { args }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert.equal(code, 0, `rpm ${args.join(" ")}: ${out}${err}`);
  return out!;
}

Deno.test("the .rpm installs, verifies, upgrades to itself and goes without a trace", async () => {
  const root = await Deno.makeTempDir({ prefix: "corral-rpm-" });
  try {
    const tree = ["--root", root, "--nodeps", "--noscripts"];
    await rpm("--root", root, "--initdb");
    await rpm(...tree, "-i", `${RELEASE}/${RPM}`);
    assert.equal(await rpm("--root", root, "-V", "--nodeps", "--noscripts", "corral"), "");
    const files = (await rpm("--root", root, "-ql", "corral")).trim().split("\n");
    for (
      const path of [
        "/usr/bin/corral",
        "/usr/lib/systemd/system/corral-sweep.timer",
        "/usr/lib/tmpfiles.d/corral.conf",
      ]
    ) {
      assert.ok(files.includes(path), path);
    }
    const { stdout } = await new Deno.Command(`${root}/usr/bin/corral`, { args: ["--version"] }).output();
    assert.match(new TextDecoder().decode(stdout), /^corral \d/);
    await rpm(...tree, "-U", "--replacepkgs", `${RELEASE}/${RPM}`);
    await rpm(...tree, "-e", "corral");
    for (const path of files) {
      assert.throws(() => Deno.lstatSync(`${root}${path}`), Deno.errors.NotFound, path);
    }
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
