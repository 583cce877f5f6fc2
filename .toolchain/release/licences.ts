/** The licences of what is inside the binary: each asks that its text goes with every copy. */
import type { Release } from "./files.ts";
import { bundledPackages } from "./sbom.ts";

const LICENCE_FILE = /^licen[cs]e(\.(md|txt))?$/i;

/** One work in the binary. */
export interface Licence {
  /** With its version. */
  work: string;
  /** An SPDX identifier. */
  name: string;
  /** Of the work's own file. */
  text: string;
}

/** Of corral, of the runtime and of each bundled package, in this order. Throws where a package has none. */
export async function licences({ project }: Release): Promise<Licence[]> {
  const own = await Deno.readTextFile(`${project}/LICENSE`);
  const { runtime, packages } = await bundledPackages(project);
  const corral = { work: "corral", name: "MIT", text: own };
  const deno = { work: `deno ${runtime}`, name: "MIT", text: denoLicence(own) };
  return [
    corral,
    deno,
    ...await Promise.all(packages.map((key) => ofPackage(`${project}/.toolchain/deno-dir`, key))),
  ];
}

/** From Deno's cache of npm, which the build has just filled. */
async function ofPackage(
  denoDir: string,
  { name, version }: { name: string; version: string },
): Promise<Licence> {
  const directory = `${denoDir}/npm/registry.npmjs.org/${name}/${version}`;
  const file = [...Deno.readDirSync(directory)].find((entry) => LICENCE_FILE.test(entry.name));
  if (file === undefined) throw new Error(`${name} ${version} has no licence in ${directory}`);
  const { license } = JSON.parse(await Deno.readTextFile(`${directory}/package.json`));
  if (typeof license !== "string") throw new Error(`${name} ${version} names no licence`);
  const text = await Deno.readTextFile(`${directory}/${file.name}`);
  return { work: `${name} ${version}`, name: license, text: text.replaceAll("\r", "") };
}

/** The package of Deno on npm names its licence, MIT, and does not have the text; that is the same for all, but for the holders. */
function denoLicence(mit: string): string {
  return `${mit.replace(/^Copyright .*$/m, "Copyright 2018-2026 the Deno authors").trimEnd()}

The runtime contains V8 (BSD-3-Clause, the V8 project authors), SQLite (public domain) and the Rust crates
that its Cargo.lock names: https://github.com/denoland/deno
`;
}
