/** The RPM package, by rpmbuild(8). */
import { MAINTAINER, type Release } from "./files.ts";
import { run } from "./run.ts";
import { BEFORE_REMOVAL, CONFIGURE, RELOAD } from "./scripts.ts";

/** Builds it; gives its name in `directory`. */
export async function buildRpm(root: string, directory: string, release: Release): Promise<string> {
  const top = await Deno.makeTempDir({ prefix: "corral-rpm-" });
  try {
    await Deno.writeTextFile(`${top}/corral.spec`, await spec(root, release));
    const defines = [
      ["_topdir", top],
      ["_buildhost", "localhost"],
      ["use_source_date_epoch_as_buildtime", "1"],
      ["clamp_mtime_to_source_date_epoch", "1"],
      ["_build_id_links", "none"],
      ["debug_package", "%{nil}"],
      ["__os_install_post", "%{nil}"],
      ["_binary_payload", "w1.xzdio"],
    ].flatMap(([name, value]) => ["--define", `${name} ${value}`]);
    await run("rpmbuild", [...defines, "-bb", "--target", "x86_64-linux", `${top}/corral.spec`], {
      SOURCE_DATE_EPOCH: String(release.epoch),
    });
    const name = `corral-${release.version}-1.x86_64.rpm`;
    await Deno.copyFile(`${top}/RPMS/x86_64/${name}`, `${directory}/${name}`);
    return name;
  } finally {
    await Deno.remove(top, { recursive: true });
  }
}

async function spec(root: string, { version, epoch }: Release): Promise<string> {
  const date = new Date(epoch * 1000).toUTCString().replace(/^(\w+), (\d+) (\w+) (\d+).*$/, "$1 $3 $2 $4");
  const files =
    (await run("/bin/sh", ["-c", 'cd "$0" && find . ! -type d | LC_ALL=C sort | sed s,^.,,', root]))
      .trim();
  return `Name: corral
Version: ${version}
Release: 1
Summary: Run jobs in cgroups that they cannot leave
License: MIT
Group: System/Base
Packager: ${MAINTAINER}
Requires: util-linux

%description
corral launches each job in a transient cgroup of its own, applies memory, CPU
and task limits, and at the end freezes and kills the whole cgroup, so that no
process outlives its job. It prints tables of what each job used.

%install
mkdir -p %{buildroot}
cp -a ${root}/. %{buildroot}/

%post
${CONFIGURE}
%preun
if [ "$1" = 0 ]; then
${BEFORE_REMOVAL}fi

%postun
${RELOAD}
%files
%defattr(-,root,root,-)
%dir /usr/share/licenses/corral
${files.split("\n").map((file) => (file.includes("/licenses/") ? `%license ${file}` : file)).join("\n")}

%changelog
* ${date} ${MAINTAINER} - ${version}-1
- Release ${version}.
`;
}
