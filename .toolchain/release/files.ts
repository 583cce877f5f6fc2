/** What a package puts on a node, as files below a directory: the very texts that `corral install` and the binary itself give. */
import { dirname } from "node:path";
import { DEFAULT_EVERY_MS } from "../../src/act/install/every.ts";
import { MARKER } from "../../src/act/install/record.ts";
import { serviceUnit, timerUnit } from "../../src/act/install/units.ts";
import { USERS_DIRECTORY } from "../../src/act/install/users_directory.ts";

const BINARY = "/usr/bin/corral";
const SHARE = "/usr/share";

/** Shells, and where each looks for completions. */
const COMPLETIONS: readonly (readonly [shell: string, path: string])[] = [
  ["bash", "bash-completion/completions/corral"],
  ["zsh", "zsh/vendor-completions/_corral"],
  ["fish", "fish/vendor_completions.d/corral.fish"],
];

/** The release that is built. */
export interface Release {
  project: string;
  version: string;
  commit: string;
  /** Of the commit, in seconds since the epoch: the time of everything in the packages. */
  epoch: number;
}

/** Writes all files below `root`, which is as / on the node. */
export async function stage(root: string, { project, epoch, version }: Release): Promise<void> {
  const binary = `${project}/dist/corral`;
  await put(root, BINARY, await Deno.readFile(binary), 0o755);
  // Slurm's HealthCheckProgram takes no arguments: corral-slurm(7).
  await Deno.symlink("corral", `${root}/usr/bin/corral-health`);
  for await (const { name } of Deno.readDir(`${project}/src/view/manual/pages`)) {
    const page = /^(.*)\.(\d)\.md$/.exec(name);
    if (page === null) continue;
    const [, topic, section] = page;
    await put(
      root,
      `${SHARE}/man/man${section}/${topic}.${section}.gz`,
      await gzipped(await said(binary, "man", topic!)),
    );
  }
  for (const [shell, path] of COMPLETIONS) {
    await put(root, `${SHARE}/${path}`, await said(binary, "completion", shell));
  }
  const record = { shareDir: SHARE, directories: [] };
  const units = {
    argv: [BINARY, "sweep", "--quiet"],
    everyMs: DEFAULT_EVERY_MS,
    forSystem: true,
    stateDir: "/var/lib/corral",
    record,
  };
  await put(root, "/usr/lib/systemd/system/corral-sweep.service", packaged(serviceUnit(units)));
  await put(root, "/usr/lib/systemd/system/corral-sweep.timer", packaged(timerUnit(units)));
  await put(root, "/usr/lib/tmpfiles.d/corral.conf", tmpfiles());
  const documents = `${SHARE}/doc/corral`;
  await put(root, `${documents}/copyright`, await copyright(project));
  await put(root, `${SHARE}/lintian/overrides/corral`, OVERRIDES);
  await put(root, `${documents}/changelog.gz`, await gzipped(changelog(version, epoch)));
}

/** What lintian(1) holds against the package, and why it is so. */
const OVERRIDES = `# The project has no mail address: issues are reported where the sources are.
corral: bogus-mail-host *
corral: bogus-mail-host-in-debian-changelog *
# The runtime (Deno) is one file with all that it needs.
corral: embedded-library *
`;

/** The directories of stores, with the modes that `corral install` gives them. */
function tmpfiles(): string {
  const { path, sharedMode, aboveMode } = USERS_DIRECTORY;
  const line = (directory: string, mode: number) =>
    `d ${directory} ${mode.toString(8).padStart(4, "0")} root root -\n`;
  return `# Stores of root and, in a directory that each user makes, of all users.\n${
    line(dirname(path), aboveMode)
  }${line(path, sharedMode)}`;
}

/** A unit without the marks by which `corral uninstall` knows its own files: what a package brings the package takes away. */
function packaged(unit: string): string {
  return unit.split("\n").filter((line) => !line.includes(MARKER) && !line.startsWith("# record: ")).join(
    "\n",
  );
}

async function copyright(project: string): Promise<string> {
  const license = await Deno.readTextFile(`${project}/LICENSE`);
  const [, holder = "", ...rest] = license.split("\n").filter((line) => line !== "");
  const text = rest.map((line) => ` ${line}`).join("\n");
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: corral\n\nFiles: *\n` +
    `Copyright: ${holder.replace(/^Copyright \(c\) /, "")}\nLicense: MIT\n${text}\n`;
}

function changelog(version: string, epoch: number): string {
  const date = new Date(epoch * 1000).toUTCString().replace("GMT", "+0000");
  return `corral (${version}) unstable; urgency=medium\n\n  * Release ${version}.\n\n -- ${MAINTAINER}  ${date}\n`;
}

/** Of the packages. */
export const MAINTAINER = "the corral authors <corral@localhost>";

async function said(binary: string, ...args: string[]): Promise<string> {
  const env = { CORRAL_CONFIG: "/dev/null", NO_COLOR: "1" };
  const { success, stdout, stderr } = await new Deno.Command(binary, { args, env }).output();
  if (!success) throw new Error(`corral ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** Without name and time, which would differ each time. */
async function gzipped(text: string): Promise<Uint8Array> {
  const child = new Deno.Command("gzip", { args: ["-9n"], stdin: "piped", stdout: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  return (await child.output()).stdout;
}

async function put(root: string, path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  const file = `${root}${path}`;
  await Deno.mkdir(dirname(file), { recursive: true, mode: 0o755 });
  await Deno.writeFile(file, typeof content === "string" ? new TextEncoder().encode(content) : content);
  await Deno.chmod(file, mode);
}
