/**
 * Makes `denort`, the runtime that `deno compile` puts a program into, available to build.ts: Deno's own download
 * where its site is within reach, else the same ELF out of the npm package in runtime/. Not needed with DENORT_BIN set.
 */
import { createHash } from "node:crypto";

const TOOLCHAIN_DIR = import.meta.dirname!;
/** What build.ts uses if it exists; absent after an official download, which Deno keeps in its own cache. */
const RUNTIME = `${TOOLCHAIN_DIR}/denort`;
const READY = `${TOOLCHAIN_DIR}/runtime-ready`;

/** Ends in ELF's section headers: what follows is the payload of the program in the package. */
const PINNED = {
  deno: "2.7.11",
  program: `${TOOLCHAIN_DIR}/runtime/node_modules/@stdy/cli-linux-x64/bin/steady`,
  bytes: 97_076_048,
  sha256: "f12d5d3886d5ea138304fb8d67d7396cfbedf53656676132152cb89f3fa4d8e6",
};

/** Long enough for a slow site to answer, short enough not to be waited for on a cluster without internet. */
const PROBE_TIMEOUT_MS = 5_000;

async function main(): Promise<void> {
  if (await isOfficialWithinReach() && await downloadOfficial()) {
    await Deno.remove(RUNTIME).catch(ignoreMissing);
  } else {
    await extractPinned();
  }
  await Deno.writeTextFile(READY, "");
}

async function isOfficialWithinReach(): Promise<boolean> {
  const url = `https://dl.deno.land/release/v${Deno.version.deno}/denort-${Deno.build.target}.zip`;
  try {
    const response = await fetch(url, {
      method: "HEAD",
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    });
    if (!response.ok) {
      console.error(
        `toolchain: Deno's site answers ${response.status} for its runtime`,
      );
    }
    return response.ok;
  } catch {
    console.error(
      "toolchain: Deno's own site is out of reach, taking the pinned runtime from npm",
    );
    return false;
  }
}

/** Deno downloads, verifies and caches the runtime itself when it compiles anything. */
async function downloadOfficial(): Promise<boolean> {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${directory}/empty.ts`, "");
    const args = [
      "compile",
      "--no-config",
      "--no-code-cache",
      "--output",
      `${directory}/empty`,
      `${directory}/empty.ts`,
    ];
    const { success } = await new Deno.Command(Deno.execPath(), { args })
      .spawn().status;
    if (!success) {
      console.error(
        "toolchain: the download failed, taking the pinned runtime from npm",
      );
    }
    return success;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function extractPinned(): Promise<void> {
  if (await sha256OfFile(RUNTIME) === PINNED.sha256) return;
  if (
    Deno.build.target !== "x86_64-unknown-linux-gnu" ||
    Deno.version.deno !== PINNED.deno
  ) {
    throw new Error(
      `no pinned runtime for Deno ${Deno.version.deno} on ${Deno.build.target}: set DENORT_BIN`,
    );
  }
  const npm = new Deno.Command(`${TOOLCHAIN_DIR}/npm_ci.sh`, {
    args: [`${TOOLCHAIN_DIR}/runtime`, "Deno's runtime (50 MB)"],
  });
  if (!(await npm.spawn().status).success) {
    throw new Error("cannot fetch the pinned runtime: npm ci failed");
  }
  const elf = (await Deno.readFile(PINNED.program)).subarray(0, PINNED.bytes);
  await Deno.writeFile(`${RUNTIME}.new`, elf, { mode: 0o755 });
  const sha256 = await sha256OfFile(`${RUNTIME}.new`);
  if (sha256 !== PINNED.sha256) {
    throw new Error(
      `the pinned runtime has sha256 ${sha256}, not ${PINNED.sha256}`,
    );
  }
  await Deno.rename(`${RUNTIME}.new`, RUNTIME);
  await Deno.remove(`${TOOLCHAIN_DIR}/runtime/node_modules`, {
    recursive: true,
  });
}

async function sha256OfFile(path: string): Promise<string | null> {
  try {
    return createHash("sha256").update(await Deno.readFile(path)).digest("hex");
  } catch (error) {
    ignoreMissing(error);
    return null;
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

await main().catch((error: Error) => {
  console.error(`toolchain: ${error.message}`);
  Deno.exit(1);
});
