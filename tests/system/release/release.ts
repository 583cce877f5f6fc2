/** dist/release of the present commit, for the tests of it. */
import assert from "node:assert/strict";
import { PROJECT_DIR } from "../../kit/machine/project.ts";

export const RELEASE_DIR = `${PROJECT_DIR}/dist/release`;

const BUILD_TIMEOUT_MS = 300_000;

/** Runs a command of this machine, in the project; what it printed. */
export async function onHost(
  argv: readonly string[],
  options: Pick<Deno.CommandOptions, "env" | "cwd"> = {},
): Promise<{ code: number; words: string }> {
  const [program, ...args] = argv;
  const { code, stdout, stderr } = await new Deno.Command(program!, {
    args,
    cwd: PROJECT_DIR,
    ...options,
    signal: AbortSignal.timeout(BUILD_TIMEOUT_MS),
  }).output();
  const decoder = new TextDecoder();
  return { code, words: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** Builds it, under this umask and with this directory for what is temporary. */
export async function build(umask = "022", directory = "/tmp"): Promise<void> {
  const { code, words } = await onHost(["/bin/sh", "-c", `umask ${umask} && exec make release`], {
    env: { TMPDIR: directory },
  });
  assert.equal(code, 0, words);
}

let built: Promise<void> | undefined;

/** Paths of its files, by what they are. */
export async function release(): Promise<Record<"deb" | "rpm" | "binary" | "sbom", string>> {
  await (built ??= build());
  const names = [...Deno.readDirSync(RELEASE_DIR)].map(({ name }) => name);
  const pathOf = (pattern: RegExp) =>
    `${RELEASE_DIR}/${names.find((name) => pattern.test(name)) ?? assert.fail(`no ${pattern}`)}`;
  return {
    deb: pathOf(/\.deb$/),
    rpm: pathOf(/\.rpm$/),
    binary: pathOf(/linux-x86_64$/),
    sbom: pathOf(/\.cdx\.json$/),
  };
}
