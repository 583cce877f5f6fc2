/**
 * page.ts builds dist/page: the page of `corral serve`, src/serve/page, as few small files. What is imported lazily gets a file of its own, so
 * that the first paint waits for nothing but index.html, app.css, app.js and what app.js shares with the rest.
 */
import { forgetTimes } from "./times.ts";

const PROJECT_DIR = `${import.meta.dirname}/..`;
const SOURCES = `${PROJECT_DIR}/src/serve/page`;
const TARGET = `${PROJECT_DIR}/dist/page`;

async function main(): Promise<void> {
  const made = `${TARGET}.new`;
  await Deno.remove(made, { recursive: true }).catch(() => {});
  await bundle(["--code-splitting", "--outdir", made, `${SOURCES}/app.ts`]);
  await bundle(["--outdir", made, `${SOURCES}/app.css`]);
  await Deno.writeTextFile(`${made}/index.html`, await smallMarkup(`${SOURCES}/index.html`));
  await Deno.remove(TARGET, { recursive: true }).catch(() => {});
  await Deno.rename(made, TARGET);
  await forgetTimes(TARGET);
}

/** Without the indentation, which has no meaning here. */
async function smallMarkup(path: string): Promise<string> {
  return (await Deno.readTextFile(path)).replaceAll(/\n\s+/g, "\n");
}

async function bundle(args: string[]): Promise<void> {
  const command = ["bundle", "--quiet", "--platform=browser", "--minify", ...args];
  const { success } = await new Deno.Command(Deno.execPath(), { args: command, cwd: PROJECT_DIR }).spawn()
    .status;
  if (!success) throw new Error(`cannot bundle ${args.at(-1)}`);
}

await main().catch((error: Error) => {
  console.error(`page: ${error.message}`);
  Deno.exit(1);
});
