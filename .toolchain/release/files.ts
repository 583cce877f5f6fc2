/** What a package puts on a node, as files below a directory: the very texts that `corral install` and the binary itself give. */
import { dirname } from "node:path";
import { PACKAGE, packagedUnits } from "../../src/act/install/packaged.ts";
import { USERS_DIRECTORY } from "../../src/act/install/users_directory.ts";
import { type Licence, licences } from "./licences.ts";
import { run } from "./run.ts";

/** Kinds of packages: systems differ in a few places. */
export type Kind = "deb" | "rpm";

/** Shells, and where each looks for completions. */
const COMPLETIONS: Readonly<Record<string, string | Readonly<Record<Kind, string>>>> = {
  bash: "bash-completion/completions/corral",
  zsh: { deb: "zsh/vendor-completions/_corral", rpm: "zsh/site-functions/_corral" },
  fish: "fish/vendor_completions.d/corral.fish",
};

/** The release that is built. */
export interface Release {
  project: string;
  version: string;
  commit: string;
  /** Of the commit, in seconds since the epoch: the time of everything in the packages. */
  epoch: number;
}

/** Writes all files of a package below `root`, which is as / on the node. */
export async function stage(root: string, kind: Kind, release: Release): Promise<void> {
  const binary = `${release.project}/dist/corral`;
  await put(root, PACKAGE.binary, await Deno.readFile(binary), 0o755);
  // Slurm's HealthCheckProgram takes no arguments: corral-slurm(7).
  await Deno.symlink("corral", `${root}/usr/bin/corral-health`);
  await putManual(root, binary);
  for (const [shell, place] of Object.entries(COMPLETIONS)) {
    const path = typeof place === "string" ? place : place[kind];
    await put(root, `${PACKAGE.shareDir}/${path}`, await said(binary, "completion", shell));
  }
  for (const { path, text } of packagedUnits()) await put(root, path, text);
  await put(root, "/usr/lib/tmpfiles.d/corral.conf", tmpfiles());
  await putDocuments(root, kind, release);
  // Whatever the umask is here.
  await run("find", [root, "-type", "d", "-exec", "chmod", "0755", "{}", "+"]);
}

async function putManual(root: string, binary: string): Promise<void> {
  const page = async (name: string, words: string[]) =>
    await put(
      root,
      `${PACKAGE.shareDir}/man/man${name.at(-1)}/${name}.gz`,
      await gzipped(await said(binary, "man", ...words)),
    );
  // NAME(SECTION) - what it is about.
  for (const [, topic, section] of (await said(binary, "man", "--list")).matchAll(/^(\S+)\((\d)\)/gm)) {
    await page(`${topic}.${section}`, [`${topic}.${section}`]);
  }
  await put(
    root,
    `${PACKAGE.shareDir}/man/man1/corral-health.1.gz`,
    await gzipped(".so man1/corral-slurm-health.1\n"),
  );
}

async function putDocuments(root: string, kind: Kind, release: Release): Promise<void> {
  const text = copyright(await licences(release), kind);
  if (kind === "rpm") return await put(root, `${PACKAGE.shareDir}/licenses/corral/LICENSE`, text);
  const documents = `${PACKAGE.shareDir}/doc/corral`;
  await put(root, `${documents}/copyright`, text);
  await put(root, `${PACKAGE.shareDir}/lintian/overrides/corral`, OVERRIDES);
  await put(root, `${documents}/changelog.gz`, await gzipped(changelog(release.version, release.epoch)));
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

/** Licences of which each Debian system has the text, and a package must not (Debian Policy 12.5). */
const COMMON_LICENCES: ReadonlyMap<string, string> = new Map([
  ["Apache-2.0", "On Debian systems, the text of this licence is in /usr/share/common-licenses/Apache-2.0."],
]);

/** In the form of Debian (copyright-format 1.0), which is as good to read on other systems. */
function copyright(all: readonly Licence[], kind: Kind): string {
  const [own, ...inside] = all;
  const paragraph = ({ work, name, text }: Licence, files: string) => {
    const holders = text.split("\n").filter((line) => /^\W*copyright (\(c\)|©|\d)/i.test(line))
      .map((line) => line.trim().replace(/^\W*copyright (\(c\)|©)?\s*/i, ""));
    const whole = kind === "deb" ? COMMON_LICENCES.get(name) ?? text : text;
    const indented = whole.trimEnd().split("\n").map((line) =>
      line.trim() === "" ? " ." : ` ${line.trimEnd()}`
    );
    return `Files: ${files}\nCopyright: ${holders.join("\n ")}\nLicense: ${name}${
      files === "*" ? "" : `-of-${work.replace(/^.*\//, "").replaceAll(" ", "-")}`
    }\n${indented.join("\n")}\nComment: ${work}\n`;
  };
  return [
    "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: corral\n",
    paragraph(own!, "*"),
    ...inside.map((licence) => paragraph(licence, "usr/bin/corral")),
  ].join("\n");
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
