/** What is inside the binary, as CycloneDX 1.5: the packages of deno.lock that are bundled, and the runtime. */
import type { Release } from "./files.ts";

interface Lock {
  specifiers: Record<string, string>;
  npm: Record<string, { integrity: string; dependencies?: string[] }>;
}

/** Used by tests alone. */
const NOT_BUNDLED = ["ajv", "fast-check", "playwright-core"];

/** The text, the same for the same commit. */
export async function sbom({ project, version, commit, epoch }: Release): Promise<string> {
  const { runtime, packages } = await bundledPackages(project);
  const components = packages.map(component);
  return `${
    JSON.stringify(
      {
        bomFormat: "CycloneDX",
        specVersion: "1.5",
        version: 1,
        metadata: {
          timestamp: new Date(epoch * 1000).toISOString(),
          component: {
            "bom-ref": "corral",
            type: "application",
            name: "corral",
            version,
            properties: [{ name: "commit", value: commit }],
          },
        },
        components: [
          {
            "bom-ref": "deno",
            type: "framework",
            name: "deno",
            version: runtime,
            purl: `pkg:cargo/deno@${runtime}`,
          },
          ...components,
        ],
      },
      null,
      2,
    )
  }\n`;
}

/** One package of the lock. */
export interface Bundled {
  name: string;
  version: string;
  /** As npm has it: sha512- and base64. */
  integrity: string;
}

/** What the binary consists of besides corral itself, by name: the version of the runtime, and the packages. */
export async function bundledPackages(project: string): Promise<{ runtime: string; packages: Bundled[] }> {
  const lock: Lock = JSON.parse(await Deno.readTextFile(`${project}/deno.lock`));
  const { dependencies } = JSON.parse(await Deno.readTextFile(`${project}/.toolchain/package.json`));
  const packages = [...bundled(lock)].toSorted().map((key) => ({
    name: nameOf(key),
    version: versionOf(key),
    integrity: lock.npm[key]!.integrity,
  }));
  return { runtime: String(Object.values(dependencies)[0]), packages };
}

/** Keys of the lock: what is imported, and what that needs. */
function bundled(lock: Lock): Set<string> {
  const keys = new Set<string>();
  const add = (key: string | undefined) => {
    if (key === undefined || keys.has(key)) return;
    keys.add(key);
    for (const name of lock.npm[key]?.dependencies ?? []) {
      add(Object.keys(lock.npm).find((candidate) => candidate === name || nameOf(candidate) === name));
    }
  };
  for (const [specifier, version] of Object.entries(lock.specifiers)) {
    const name = specifier.replace(/^npm:/, "").replace(/(?<=.)@.*$/, "");
    if (!NOT_BUNDLED.includes(name)) add(`${name}@${version}`);
  }
  return keys;
}

function component({ name, version, integrity }: Bundled) {
  const hash = integrity.replace(/^sha512-/, "");
  const content = Array.from(atob(hash), (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");
  return {
    "bom-ref": `${name}@${version}`,
    type: "library",
    name,
    version,
    purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
    hashes: [{ alg: "SHA-512", content }],
  };
}

function nameOf(key: string): string {
  return key.slice(0, key.indexOf("@", 1));
}

/** Without what it was resolved beside: `15.1.0_commander@15.1.0`. */
function versionOf(key: string): string {
  return key.slice(key.indexOf("@", 1) + 1).split("_")[0]!;
}
