/** The Debian package, by dpkg-deb(1). */
import { MAINTAINER, type Release } from "./files.ts";
import { run } from "./run.ts";
import { BEFORE_REMOVAL, CONFIGURE, PURGE, RELOAD } from "./scripts.ts";

const DESCRIPTION = `run jobs in cgroups that they cannot leave
 corral launches each job in a transient cgroup of its own, applies memory, CPU
 and task limits, and at the end freezes and kills the whole cgroup, so that no
 process outlives its job. It prints tables of what each job used.`;

/** The store stays at a removal, as its jobs do; a purge takes it away. Nothing is enabled. */
const SCRIPTS: Readonly<Record<string, string>> = {
  postinst: script(when("configure", CONFIGURE)),
  prerm: script(when("remove", BEFORE_REMOVAL)),
  postrm: script(RELOAD + when("purge", PURGE)),
};

function script(body: string): string {
  return `#!/bin/sh\nset -e\n${body}`;
}

function when(step: string, body: string): string {
  return `if [ "$1" = ${step} ]; then\n${body.replace(/^(?=.)/gm, "  ")}fi\n`;
}

/** Builds it; gives its name in `directory`. */
export async function buildDeb(root: string, directory: string, release: Release): Promise<string> {
  const control = `${root}/DEBIAN`;
  await Deno.mkdir(control, { recursive: true });
  await Deno.writeTextFile(`${control}/control`, await controlFile(root, release));
  for (const [name, text] of Object.entries(SCRIPTS)) {
    await Deno.writeTextFile(`${control}/${name}`, text);
    await Deno.chmod(`${control}/${name}`, 0o755);
  }
  await Deno.writeTextFile(`${control}/md5sums`, await md5sums(root));
  await Deno.chmod(control, 0o755);
  const name = `corral_${release.version}_amd64.deb`;
  // One thread: with more, the parts of the compressed stream depend on their number.
  await run("dpkg-deb", [
    "--root-owner-group",
    "-Zxz",
    "-z1",
    "--threads-max=1",
    "--build",
    root,
    `${directory}/${name}`,
  ], {
    SOURCE_DATE_EPOCH: String(release.epoch),
  });
  await Deno.remove(control, { recursive: true });
  return name;
}

async function controlFile(root: string, { version }: Release): Promise<string> {
  const kib = (await run("du", ["-sk", "--apparent-size", "--exclude=DEBIAN", root])).split("\t")[0];
  const fields = [
    ["Package", "corral"],
    ["Version", version],
    ["Architecture", "amd64"],
    ["Maintainer", MAINTAINER],
    ["Installed-Size", kib],
    ["Depends", "libc6 (>= 2.31), libgcc-s1"],
    ["Recommends", "systemd, procps"],
    ["Section", "admin"],
    ["Priority", "optional"],
    ["Description", DESCRIPTION],
  ];
  return fields.map(([key, value]) => `${key}: ${value}\n`).join("");
}

async function md5sums(root: string): Promise<string> {
  const script =
    "find . -path ./DEBIAN -prune -o -type f -print | LC_ALL=C sort | sed 's,^\\./,,' | xargs md5sum";
  return await run("/bin/sh", ["-c", `cd "$0" && ${script}`, root]);
}
