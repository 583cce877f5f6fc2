/** The one direction of the house: a folder of src/ imports only from the folders above it in this list, and nothing goes in a circle. */
import assert from "node:assert/strict";
import { dirname, join, normalize } from "node:path";
import { PROJECT_DIR } from "../kit/machine/project.ts";

/** observe -> decide -> act, over a model that knows neither files nor SQL, below words that know neither. */
const ORDER = [
  ...[
    "base",
    "value",
    "job",
    "settings",
    "health",
    "queue",
    "linux",
    "cgroup",
    "systemd",
    "backend",
    "store",
  ],
  ...["observe", "act", "view", "serve", "cli", "main.ts", "start.ts"],
];

/** What has still to be turned round. */
const EXCEPTIONS: string[] = [];

interface Import {
  from: string;
  to: string;
}

const IMPORTS = await allImports(join(PROJECT_DIR, "src"));

Deno.test("src: every folder is in the order of the house", () => {
  const folders = new Set(IMPORTS.map(({ from }) => top(from)));
  assert.deepEqual([...folders].filter((folder) => !ORDER.includes(folder)), []);
  assert.ok(IMPORTS.length > 500);
});

Deno.test("src: a folder imports only from folders above it", () => {
  assert.deepEqual(wrongWay(IMPORTS.filter(({ from }) => !EXCEPTIONS.includes(from))), []);
});

Deno.test("src: no file imports itself through others, not even for a type", () => {
  assert.deepEqual(cycles(IMPORTS), []);
});

Deno.test("src: no folder imports itself through others", () => {
  const folders = IMPORTS.filter(({ from }) => !EXCEPTIONS.includes(from)).map(({ from, to }) => ({
    from: dirname(from),
    to: dirname(to),
  }));
  // A folder and what lies in it are one: cli/program.ts imports cli/commands/, which import cli/context.ts.
  const isWithin = ({ from, to }: Import) =>
    `${from}/`.startsWith(`${to}/`) || `${to}/`.startsWith(`${from}/`);
  assert.deepEqual(cycles(folders.filter((one) => !isWithin(one))), []);
});

Deno.test("wrongWay() finds an import from below, cycles() finds a circle", () => {
  const circle = [{ from: "base/a.ts", to: "cli/b.ts" }, { from: "cli/b.ts", to: "base/a.ts" }];
  assert.deepEqual(wrongWay(circle), ["base/a.ts -> cli/b.ts"]);
  assert.deepEqual(cycles(circle), ["base/a.ts", "cli/b.ts"]);
});

function wrongWay(imports: readonly Import[]): string[] {
  return imports.filter(({ from, to }) => ORDER.indexOf(top(to)) > ORDER.indexOf(top(from)))
    .map(({ from, to }) => `${from} -> ${to}`);
}

/** Every node of which a way leads back to itself: what is left when nodes without imports, or without importers, are taken away. */
function cycles(imports: readonly Import[]): string[] {
  let left = [...imports];
  for (;;) {
    const importers = new Set(left.map(({ from }) => from));
    const imported = new Set(left.map(({ to }) => to));
    const inside = left.filter(({ from, to }) => importers.has(to) && imported.has(from));
    if (inside.length === left.length) return [...importers].sort();
    left = inside;
  }
}

function top(path: string): string {
  return path.split("/")[0]!;
}

/** Static, dynamic and type imports alike; paths relative to src/. */
async function allImports(root: string): Promise<Import[]> {
  const found: Import[] = [];
  for (const from of await sources(root, "")) {
    const text = await Deno.readTextFile(join(root, from));
    for (const [, to] of text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)) {
      found.push({ from, to: normalize(join(dirname(from), to!)) });
    }
  }
  return found;
}

async function sources(root: string, folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(join(root, folder)));
  const below = await Promise.all(entries.map(({ name, isDirectory }) => {
    const path = join(folder, name);
    return isDirectory ? sources(root, path) : path.endsWith(".ts") ? [path] : [];
  }));
  return below.flat();
}
