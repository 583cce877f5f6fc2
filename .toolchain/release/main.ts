/** main.ts COMMIT builds dist/release: the binary, .deb, .rpm, their checksums, an SBOM and the notes. The same commit gives the same bytes. */
import { VERSION } from "../../src/base/version.ts";
import { buildDeb } from "./deb.ts";
import { type Kind, type Release, stage } from "./files.ts";
import { buildRpm } from "./rpm.ts";
import { run } from "./run.ts";
import { sbom } from "./sbom.ts";

const project = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
const directory = `${project}/dist/release`;

async function main(commit: string): Promise<void> {
  const epoch = Number(await run("git", ["-C", project, "log", "-1", "--format=%ct"]));
  const release: Release = { project, version: VERSION, commit, epoch };
  await Deno.remove(directory, { recursive: true }).catch(() => {});
  await Deno.mkdir(directory, { recursive: true });
  const root = await Deno.makeTempDir({ prefix: "corral-release-" });
  try {
    await Deno.chmod(root, 0o755);
    const below = async (kind: Kind) => {
      await stage(`${root}/${kind}`, kind, release);
      return `${root}/${kind}`;
    };
    const names = [
      await buildDeb(await below("deb"), directory, release),
      await buildRpm(await below("rpm"), directory, release),
    ];
    const binary = `corral-${VERSION}-linux-x86_64`;
    await Deno.copyFile(`${project}/dist/corral`, `${directory}/${binary}`);
    await Deno.writeTextFile(`${directory}/corral-${VERSION}.cdx.json`, await sbom(release));
    await Deno.writeTextFile(`${directory}/NOTES.md`, notes(release, [binary, ...names]));
    await Deno.writeTextFile(`${directory}/SHA256SUMS`, await checksums());
  } finally {
    await Deno.remove(root, { recursive: true });
  }
  for (const { name } of [...Deno.readDirSync(directory)]) console.log(`release: dist/release/${name}`);
}

function notes({ version, commit }: Release, names: readonly string[]): string {
  return `# corral ${version}\n\nCommit ${commit}. Check what you have: \`sha256sum --check --ignore-missing SHA256SUMS\`.\n\n${
    names.map((name) => `- ${name}\n`).join("")
  }\nA package enables nothing: \`systemctl enable --now corral-sweep.timer\` starts the sweeps.\n`;
}

async function checksums(): Promise<string> {
  const script =
    'cd "$0" && find . -type f ! -name SHA256SUMS | LC_ALL=C sort | sed s,^./,, | xargs sha256sum';
  return await run("/bin/sh", ["-c", script, directory]);
}

await main(Deno.args[0] ?? "unknown");
