/** The pages of the manual against the program that they describe, and as man(1) reads them. */
import assert from "node:assert/strict";
import { EXIT, renderError } from "../../../../src/base/errors.ts";
import { describeProgram } from "../../../../src/cli/program.ts";
import { END_REASONS } from "../../../../src/job/job.ts";
import { readSettings } from "../../../../src/settings/read.ts";
import { GENERATED_PARTS } from "../../../../src/view/manual/generated.ts";
import { findPage, manualFiles, PAGE_KEYS, pageOf, topicOf } from "../../../../src/view/manual/manual.ts";
import type { Inline } from "../../../../src/view/manual/markdown.ts";
import { type Page, pageName, readPage, verbOf } from "../../../../src/view/manual/page.ts";
import { PAGES } from "../../../../src/view/manual/pages.ts";
import { roffPage } from "../../../../src/view/manual/roff.ts";
import { SETTINGS } from "../../../../src/settings/settings.ts";
import { REPORT_COLUMNS } from "../../../../src/view/report/columns.ts";
import { JSON_SCHEMA } from "../../../../src/view/report/json_schema.ts";
import { TempDir } from "../../../kit/fakes/temp.ts";
import { isInstalled } from "../../../kit/machine/command.ts";
import { PROJECT_DIR } from "../../../kit/machine/project.ts";

const form = await describeProgram();
const pages: readonly Page[] = PAGE_KEYS.map((key) => pageOf(key, form));
const files = manualFiles(form, "1.2.3");
/** Every request that a page uses. */
const REQUEST = /^\.(TH|SH|SS|TP|PP|IP|RS|RE|nf|fi|nh|ad|TS|TE)( |$)/;

/** All running text of a page. */
function textOf({ blocks }: Page): Inline[] {
  return blocks.flatMap((block) => {
    switch (block.kind) {
      case "heading":
      case "paragraph":
        return block.text;
      case "code":
        return [];
      case "list":
        return block.items.flat();
      case "terms":
        return block.items.flatMap(({ term, text }) => [...term, ...text]);
      case "table":
        return block.rows.flat(2);
    }
  });
}

function headings({ blocks }: Page): string[] {
  return blocks.flatMap((block) => block.kind === "heading" && block.level === 2 ? block.text[0]!.text : []);
}

function pageText(key: string): string {
  return textOf(pageOf(key, form)).map(({ text }) => text).join(" ");
}

Deno.test("PAGES has every file of the folder, and each command has a page", async () => {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(`${PROJECT_DIR}/src/view/manual/pages`)) names.push(name);
  assert.deepEqual(names.toSorted(), PAGE_KEYS.map((key) => `${key}.md`).toSorted());
  for (const { name } of form.verbs) assert.equal(findPage(name), `corral-${name}.1`);
});

Deno.test("pageOf() has the same sections for every command, with every option", () => {
  for (const page of pages) {
    const verb = verbOf(form, page);
    assert.ok(page.summary !== "" && !page.summary.endsWith("."), page.name);
    if (verb === null) continue;
    const titles = headings(page);
    assert.deepEqual(titles.slice(0, 3), ["Synopsis", "Description", "Options"], page.name);
    assert.deepEqual(titles.slice(-3), ["Examples", "Exit status", "See also"], page.name);
    const terms = page.blocks.flatMap((block) => block.kind === "terms" ? block.items : [])
      .flatMap(({ term }) => term.map(({ text }) => text));
    for (const { long } of verb.options) {
      if (long !== "--help") assert.ok(terms.includes(long), `${page.name} ${long}`);
    }
  }
});

Deno.test("the manual's references lead to pages that exist, and every page is referred to", () => {
  const names = new Set(pages.map(({ name, section }) => `${name}(${section})`));
  const found = pages.flatMap((page) =>
    textOf(page).filter(({ kind, text }) => kind === "page" && text.startsWith("corral")).map(({ text }) =>
      text
    )
  );
  assert.deepEqual(found.filter((reference) => !names.has(reference)), []);
  assert.deepEqual([...names].filter((name) => !found.includes(name)), []);
});

Deno.test("the manual uses every part that can be generated, and no other", () => {
  const used = Object.values(PAGES).flatMap((text) =>
    [...text.matchAll(/<!-- generated: (.*?) -->/g)].map(([, name]) => name!)
  );
  assert.deepEqual([...new Set(used)].toSorted(), [...GENERATED_PARTS].toSorted());
  for (const [key, text] of Object.entries(PAGES)) {
    assert.doesNotMatch(text.replace(/^<!-- generated: [\w -]+ -->$/gm, ""), /<!--/, key);
  }
  assert.throws(() => readPage("x.7", "# x(7): y\n<!-- generated: no -->\n", form), /Cannot generate "no"/);
  assert.throws(() => readPage("x.7", "# y(7): y\n", form), /x\.7: the title is/);
});

Deno.test("corral(1) has every end reason, every exit code, every command and every environment variable", async () => {
  const text = pageText("corral.1");
  for (const reason of Object.keys(END_REASONS)) assert.ok(text.includes(` ${reason} `), reason);
  const { SIGNAL_BASE, ...codes } = EXIT;
  for (const code of [...Object.values(codes), `${SIGNAL_BASE}+N`]) {
    assert.ok(text.includes(` ${code} `), `${code}`);
  }
  for (const { name } of form.verbs) assert.ok(text.includes(`corral-${name}(1)`), name);
  const read = await variablesRead();
  assert.ok(read.has("XDG_DATA_HOME"));
  // Of every program, and described by their own manual.
  for (const usual of ["PATH", "HOME"]) read.delete(usual);
  assert.deepEqual([...read].filter((name) => !text.includes(name)), []);
});

/** Environment variables that the source reads. */
async function variablesRead(): Promise<Set<string>> {
  const read = new Set<string>();
  for (const path of await sources(`${PROJECT_DIR}/src`)) {
    const text = await Deno.readTextFile(path);
    for (const [, name] of text.matchAll(/(?:env\[|env\.get\(|userDir\(env, )"(\w+)"/g)) read.add(name!);
  }
  return read;
}

async function sources(directory: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    const path = `${directory}/${name}`;
    if (isDirectory) found.push(...await sources(path));
    else if (name.endsWith(".ts")) found.push(path);
  }
  return found;
}

Deno.test("corral.toml(5) has the keys that the reader of the configuration knows", async () => {
  const refused = await readToml("no-such-key = 1\n").then(() => "", renderError);
  const known = /known keys: ([\w, -]+)/.exec(refused)?.[1]?.split(", ") ?? [];
  assert.ok(known.length > 3, refused);
  assert.deepEqual(SETTINGS.map(({ key }) => key).toSorted(), known.toSorted());
  const text = pageText("corral.toml.5");
  for (const key of known) assert.ok(text.includes(key), key);
});

Deno.test("the manual's examples of a configuration are read without complaint", async () => {
  const examples = Object.values(PAGES).flatMap((text) =>
    [...text.matchAll(/^```toml\n([\s\S]*?)^```$/gm)].map(([, toml]) => toml!)
  );
  assert.ok(examples.length >= 3);
  for (const toml of examples) await readToml(toml);
});

async function readToml(text: string) {
  using temp = new TempDir();
  const config = temp.write("config.toml", text);
  return await readSettings({
    uid: 0,
    userStateDir: () => "/state",
    storeFile: () => "node.db",
    env: {},
    cwd: "/",
    options: { config },
  });
}

Deno.test("corral-json(5) has every key of the schema, corral-metrics(7) every metric, corral-report(1) every column", () => {
  const json = pageText("corral-json.5");
  for (const kind of Object.values(JSON_SCHEMA["$defs"] as Record<string, { properties: object }>)) {
    for (const key of Object.keys(kind.properties)) assert.ok(json.includes(` ${key} `), key);
  }
  assert.ok(json.includes("limits.memoryMaxBytes"));
  const metrics = pageText("corral-metrics.7");
  const report = pageText("corral-report.1");
  for (const { key, jsonKey, metric } of REPORT_COLUMNS) {
    assert.ok(report.includes(` ${key} `) || report.includes(key), key);
    assert.ok(report.includes(jsonKey), jsonKey);
    if (metric !== undefined) assert.ok(metrics.includes(`corral_jobs_${metric.name}`), metric.name);
  }
});

Deno.test("findPage() knows names, topics and sections, and no other word", () => {
  for (const key of PAGE_KEYS) {
    const { name, section } = pageName(key);
    for (const word of [key, `${name}(${section})`, topicOf(key)]) assert.equal(findPage(word), key);
    // Of two pages of one name it is the first, as for man(1).
    assert.equal(findPage(name), PAGE_KEYS.find((other) => pageName(other).name === name));
  }
  for (const word of ["", "cor", "run.7", "-run", "toString"]) assert.equal(findPage(word), null, word);
});

Deno.test("manualFiles() are where man(1) looks, plain ASCII, and nothing in them is a request by chance", () => {
  assert.ok(files.some(({ path }) => path === "man/man5/corral.toml.5"));
  for (const { path, text } of files) {
    const [first, title, ...lines] = text.trimEnd().split("\n");
    assert.equal(first, `'\\" t`, path);
    assert.match(title!, /^\.TH "CORRAL[^"]*" "\d" "" "corral 1\.2\.3" "[A-Z][\w ]+"$/, path);
    assert.match(text, /^[\x20-\x7e\n\t]*$/, path);
    for (const line of lines) {
      if (line.startsWith(".")) assert.match(line, REQUEST, path);
      assert.doesNotMatch(line, /^'|(?<!\\)--|`/, path);
      // A font that is switched on is switched off in the same line.
      assert.doesNotMatch(line, /\\f[BI](?:(?!\\f).)*(?:\\f[BI]|$)/, path);
    }
    assertPairs(path, lines);
  }
});

/** Requests that open something, each with the one that closes it. */
const PAIRS = { ".RS 4": ".RE", ".nf": ".fi", ".TS": ".TE", "T{": "T}" } as const;

function assertPairs(path: string, lines: readonly string[]): void {
  // Of a row of a table: "T}\tT{" closes one cell and opens the next.
  const words = lines.flatMap((line) => line.split("\t"));
  for (const [open, close] of Object.entries(PAIRS)) {
    let isOpen = false;
    for (const word of words) {
      if (word === open || word === close) {
        assert.equal(isOpen, word === close, `${path}: ${word}`);
        isOpen = !isOpen;
      }
    }
    assert.ok(!isOpen, `${path}: ${open}`);
  }
}

/** As man(1) calls groff: one endless page (-rcR=1), or a table could lie across two. mandoc wants a date: the pages have none, so that the same program makes the same pages. */
const READERS = [
  { program: "groff", args: ["-t", "-man", "-rcR=1", "-ww", "-z", "-Tutf8"] },
  { program: "mandoc", args: ["-T", "lint", "-W", "warning"] },
];

for (const { program, args } of READERS) {
  const ignore = !isInstalled(program);
  Deno.test({
    name: `${program} has nothing to say about the manual${ignore ? ` (${program} is not here)` : ""}`,
    ignore,
    async fn() {
      using temp = new TempDir();
      for (const key of PAGE_KEYS) {
        const path = temp.write(key, roffPage(pageOf(key, form), "1.2.3"));
        const { stdout, stderr } = await new Deno.Command(program, { args: [...args, path] }).output();
        const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
        const lines = said.split("\n").filter((line) => line !== "" && !line.includes("missing date"));
        assert.deepEqual(lines, [], key);
      }
    },
  });
}

const hasMan = isInstalled("man") && isInstalled("groff");
Deno.test({
  name: `man finds and formats the installed pages${hasMan ? "" : " (man or groff is not here)"}`,
  ignore: !hasMan,
  async fn() {
    using temp = new TempDir();
    for (const { path, text } of files) temp.write(path, text);
    for (
      const [page, line] of [["corral-run", /corral.run . run a command/], [
        "corral.toml",
        /^KEYS$/m,
      ]] as const
    ) {
      const { code, stdout } = await new Deno.Command("man", {
        args: ["--warnings", "-M", `${temp.path}/man`, page],
        env: { MANPAGER: "cat", MANWIDTH: "80", LC_ALL: "C.UTF-8" },
      }).output();
      assert.equal(code, 0, page);
      assert.match(new TextDecoder().decode(stdout), line);
    }
  },
});
