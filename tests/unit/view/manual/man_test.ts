import assert from "node:assert/strict";
import type { Invoke } from "../../../../src/cli/verb.ts";
import { describeProgram, program } from "../../../../src/cli/program.ts";
import { manualPage } from "../../../../src/view/manual/man.ts";
import { ENVIRONMENT, EXAMPLES, FILES } from "../../../../src/view/manual/manual_text.ts";
import { EXIT } from "../../../../src/base/errors.ts";
import { END_REASONS } from "../../../../src/job/job.ts";
import { SETTINGS } from "../../../../src/settings/settings.ts";
import { isInstalled } from "../../../kit/machine/command.ts";
import { PROJECT_DIR } from "../../../kit/machine/project.ts";
import { TempDir } from "../../../kit/fakes/temp.ts";

const form = await describeProgram();
const page = manualPage(form, "1.2.3");
const lines = page.split("\n");
/** Every request that the page uses. */
const REQUEST = /^\.(TH|SH|SS|TP|PP|RS|RE|B|BR|br|nf|fi|nh|ad)( |$)/;

function roff(word: string): string {
  return `\\fB${word.replaceAll("-", "\\-")}\\fR`;
}

/** The lines from the sub-heading of a command to the next. */
function part(verb: string): string[] {
  const start = lines.indexOf(`.SS "corral ${verb}"`);
  assert.ok(start > 0, verb);
  const rest = lines.slice(start + 1);
  return rest.slice(0, rest.findIndex((line) => /^\.S[SH] /.test(line)));
}

Deno.test("manualPage() has every option of every command, its dashes as dashes", () => {
  for (const { name, options } of form.verbs) {
    const terms = part(name);
    for (const { short, long, value } of options.filter(({ long }) => long !== "--help")) {
      const spelled = (short === null ? "" : `${roff(short)}, `) + roff(long);
      assert.ok(
        terms.includes(value === null ? spelled : `${spelled} \\fI${value.name}\\fR`),
        `${name} ${long}`,
      );
    }
  }
  for (const { long } of form.options) assert.ok(page.includes(roff(long)), long);
});

Deno.test("manualPage() has its sections in the usual order", () => {
  const sections = lines.filter((line) => line.startsWith(".SH ")).map((line) => line.slice(4));
  assert.deepEqual(sections, [
    "NAME",
    "SYNOPSIS",
    "DESCRIPTION",
    "OPTIONS",
    "COMMANDS",
    '"END REASONS"',
    '"EXIT STATUS"',
    "FILES",
    "ENVIRONMENT",
    "EXAMPLES",
    '"SEE ALSO"',
  ]);
  assert.match(lines[0]!, /^\.TH CORRAL 1 "" "corral 1\.2\.3" "User Commands"$/);
  assert.match(lines[lines.indexOf(".SH NAME") + 1]!, /^corral \\- [a-z].*[^.]$/);
});

Deno.test("manualPage() names every end reason and every exit code", () => {
  for (const reason of Object.keys(END_REASONS)) assert.ok(lines.includes(roff(reason)), reason);
  const { SIGNAL_BASE, ...codes } = EXIT;
  for (const code of Object.values(codes)) assert.ok(lines.includes(roff(String(code))), String(code));
  assert.ok(lines.includes(roff(`${SIGNAL_BASE}+N`)));
});

Deno.test("manualPage() is plain ASCII, and nothing in it is taken for a request by chance", () => {
  assert.match(page, /^[\x20-\x7e\n]*$/);
  assert.ok(lines.filter((line) => line.startsWith(".")).every((line) => REQUEST.test(line)));
  assert.deepEqual(lines.filter((line) => line.startsWith("'")), []);
  assert.deepEqual(page.match(/(?<!\\)--/g), null);
});

Deno.test("manualPage() names every environment variable that corral reads", async () => {
  const named = ENVIRONMENT.flatMap(([names]) => names.split(", "));
  const read = new Set<string>();
  for (const path of await sources(`${PROJECT_DIR}/src`)) {
    const text = await Deno.readTextFile(path);
    for (const [, name] of text.matchAll(/(?:env\[|userDir\(env, )"(\w+)"/g)) read.add(name!);
  }
  assert.ok(read.has("XDG_DATA_HOME"));
  // Of every program, and told by their own manual.
  for (const usual of ["PATH", "HOME"]) read.delete(usual);
  assert.deepEqual([...read].filter((name) => !named.includes(name)), []);
});

Deno.test("manualPage() names every key of the configuration", () => {
  const keys = SETTINGS.map(({ key }) => key);
  assert.ok(keys.includes("state-dir") && keys.length > 3);
  const settings = FILES.find(([path]) => path.endsWith("config.toml"))![1];
  for (const key of keys) assert.ok(settings.includes(`\`${key}\``), key);
});

async function sources(directory: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    const path = `${directory}/${name}`;
    found.push(...(isDirectory ? await sources(path) : [path]));
  }
  return found;
}

Deno.test("manualPage() gives examples that corral understands", async () => {
  const calls = EXAMPLES.flatMap(({ command }) =>
    [...command.matchAll(/corral [^)\n]*/g)].map(([call]) => call)
  );
  assert.ok(calls.length >= EXAMPLES.length);
  for (const call of calls) {
    let understood = 0;
    const invoke: Invoke = () => {
      understood++;
      return Promise.resolve();
    };
    const terminal = { out: () => {}, err: (text: string) => assert.fail(text), widthColumns: null };
    const root = await program(invoke, terminal, () => true);
    await root.parseAsync(call.split(" ").slice(1), { from: "user" });
    assert.equal(understood, 1, call);
  }
});

for (
  const [program, ...args] of [["groff", "-man", "-ww", "-z"], [
    "mandoc",
    "-T",
    "lint",
    "-W",
    "error",
  ]] as const
) {
  const ignore = !isInstalled(program);
  Deno.test({
    name: `${program} has nothing to say about manualPage()${ignore ? ` (${program} is not here)` : ""}`,
    ignore,
    async fn() {
      using temp = new TempDir();
      const file = temp.write("corral.1", page);
      const { code, stdout, stderr } = await new Deno.Command(program, { args: [...args, file] }).output();
      assert.deepEqual([code, stdout.length, new TextDecoder().decode(stderr)], [0, 0, ""]);
    },
  });
}
