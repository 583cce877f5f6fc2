/**
 * Builds dist/corral: src/main.ts and its packages into few JavaScript files, those into one binary.
 * Bundling first makes it start 8 ms earlier than compiling the module graph; splitting keeps what is imported
 * lazily out of the start, another 3 ms (median of 20, with commander, valibot and node:sqlite imported).
 */
const PROJECT_DIR = `${import.meta.dirname}/..`;
const PINNED_RUNTIME = `${import.meta.dirname}/denort`;
const BUNDLE_DIR = `${PROJECT_DIR}/dist/bundle`;
const BINARY = `${PROJECT_DIR}/dist/corral`;
/** In src/version.ts; must occur exactly once. */
const COMMIT_PLACEHOLDER = "__COMMIT__";

async function main(commit: string): Promise<void> {
  await Deno.remove(BUNDLE_DIR, { recursive: true }).catch(() => {});
  await deno([
    "bundle",
    "--quiet",
    "--platform=deno",
    "--code-splitting",
    "--minify",
    "--outdir",
    BUNDLE_DIR,
    "src/main.ts",
  ]);
  await stampCommit(commit);
  // No code cache: its default file in $TMPDIR could be planted by any user, and root runs this binary.
  // No config and lock: the bundle imports nothing but node: modules and itself.
  await deno([
    ...[
      "compile",
      "--quiet",
      "--no-config",
      "--no-lock",
      "--no-check",
      "--no-code-cache",
      "--allow-all",
    ],
    ...["--output", `${BINARY}.new`, `${BUNDLE_DIR}/main.js`],
  ]);
  await Deno.rename(`${BINARY}.new`, BINARY);
}

async function stampCommit(commit: string): Promise<void> {
  let stamped = 0;
  for await (const { name } of Deno.readDir(BUNDLE_DIR)) {
    const parts = (await Deno.readTextFile(`${BUNDLE_DIR}/${name}`)).split(
      COMMIT_PLACEHOLDER,
    );
    stamped += parts.length - 1;
    await Deno.writeTextFile(`${BUNDLE_DIR}/${name}`, parts.join(commit));
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

await main(Deno.args[0] ?? "unknown").catch((error: Error) => {
  console.error(`build: ${error.message}`);
  Deno.exit(1);
});
