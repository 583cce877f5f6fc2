/**
 * build.ts COMMIT builds dist/corral: src/start.ts, src/main.ts and its packages into few JavaScript files, those into one binary.
 * Bundling first makes it start 8 ms earlier than compiling the module graph; splitting keeps what is imported
 * lazily out of the start, another 3 ms (median of 20, with commander, valibot and node:sqlite imported).
 *
 * build.ts COMMIT crash builds dist/corral-crash, for the tests only: the same, but it can be told to die at any step (src/base/crash_point.ts).
 */
import { startAnywhere } from "./entry.ts";
import { forgetTimes } from "./times.ts";
import { forgetTmpdir } from "./tmpdir.ts";

const PROJECT_DIR = `${import.meta.dirname}/..`;
const PINNED_RUNTIME = `${import.meta.dirname}/denort`;
/** Module of src/ to the one that takes its place in dist/corral-crash; both relative to the project. */
const CRASHING = { from: "src/base/crash_point.ts", to: "tests/kit/crash_point.ts" };
/** The module of a thread, which nothing imports. */
const WORKER = "store/store_worker";
/** Of `corral serve`, built by page.ts; src/serve/page_files.ts reads it from inside the binary. */
const PAGE_DIR = `${PROJECT_DIR}/dist/page`;
/** In src/base/version.ts; must occur exactly once. */
const COMMIT_PLACEHOLDER = "__COMMIT__";

async function main(commit: string, variant: string | undefined): Promise<void> {
  if (variant !== undefined && variant !== "crash") throw new Error(`There is no variant ${variant}`);
  const suffix = variant === undefined ? "" : `-${variant}`;
  const binary = `${PROJECT_DIR}/dist/corral${suffix}`;
  const bundleDir = `${PROJECT_DIR}/dist/bundle${suffix}`;
  await Deno.remove(bundleDir, { recursive: true }).catch(() => {});
  await deno([
    "bundle",
    "--quiet",
    "--platform=deno",
    "--code-splitting",
    "--minify",
    "--outdir",
    bundleDir,
    ...(variant === "crash" ? ["--import-map", await crashingImportMap()] : []),
    "src/start.ts",
    `src/${WORKER}.ts`,
  ]);
  await stampCommit(bundleDir, commit);
  await forgetTimes(bundleDir);
  // No code cache: its default file in $TMPDIR could be planted by any user, and root runs this binary.
  // Single-threaded: V8 aborts where it gets no thread for its helpers (ulimit -u), and a supervisor without them is smaller.
  // Exposed: `corral serve` collects its garbage itself (src/linux/garbage.ts), and V8 takes no flag later.
  // No config and lock: the bundle imports nothing but node: modules and itself.
  await deno([
    ...[
      "compile",
      "--quiet",
      "--no-config",
      "--no-lock",
      "--no-check",
      "--no-code-cache",
      "--v8-flags=--single-threaded,--expose-gc",
      "--allow-all",
    ],
    ...["--include", `${bundleDir}/${WORKER}.js`],
    ...["--include", PAGE_DIR],
    ...["--output", `${binary}.new`, `${bundleDir}/start.js`],
  ]);
  if (!startAnywhere(`${binary}.new`)) console.error("build: it will not start in a deleted directory");
  if (!await forgetTmpdir(`${binary}.new`)) console.error("build: it will not start under an empty TMPDIR");
  await Deno.rename(`${binary}.new`, binary);
}

/** An import map of its own: that of deno.json, with one module in place of another. */
async function crashingImportMap(): Promise<string> {
  const { imports } = JSON.parse(await Deno.readTextFile(`${PROJECT_DIR}/deno.json`));
  const map = `${PROJECT_DIR}/dist/crash_import_map.json`;
  const replaced = { [`../${CRASHING.from}`]: `../${CRASHING.to}` };
  await Deno.writeTextFile(map, JSON.stringify({ imports: { ...imports, ...replaced } }));
  return map;
}

async function stampCommit(bundleDir: string, commit: string): Promise<void> {
  let stamped = 0;
  for await (const { name, isFile } of Deno.readDir(bundleDir)) {
    if (!isFile) continue;
    const parts = (await Deno.readTextFile(`${bundleDir}/${name}`)).split(
      COMMIT_PLACEHOLDER,
    );
    stamped += parts.length - 1;
    await Deno.writeTextFile(`${bundleDir}/${name}`, parts.join(commit));
  }
  if (stamped !== 1) {
    throw new Error(
      `Cannot stamp the commit: ${COMMIT_PLACEHOLDER} occurs ${stamped} times`,
    );
  }
}

async function deno(args: string[]): Promise<void> {
  const env = Deno.env.get("DENORT_BIN") === undefined && await isFile(PINNED_RUNTIME)
    ? { DENORT_BIN: PINNED_RUNTIME }
    : {};
  const { success } = await new Deno.Command(Deno.execPath(), {
    args,
    env,
    cwd: PROJECT_DIR,
  }).spawn().status;
  if (!success) throw new Error(`deno ${args[0]} failed`);
}

async function isFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then((info) => info.isFile, () => false);
}

await main(Deno.args[0] ?? "unknown", Deno.args[1]).catch((error: Error) => {
  console.error(`build: ${error.message}`);
  Deno.exit(1);
});
