/** `corral top` on a real terminal: what it shows, and how it leaves the terminal. */
import assert from "node:assert/strict";
import { keysOf } from "../../../src/linux/terminal.ts";
import { runOf, specOf, watchOf } from "../../kit/fakes/job.ts";
import { RealTerminal } from "../../kit/fakes/real_terminal.ts";
import { StoreDir } from "../../kit/fakes/stores.ts";
import { tableRows } from "../../kit/fakes/table.ts";
import { isInstalled } from "../../kit/machine/command.ts";
import { PROJECT_DIR } from "../../kit/machine/project.ts";

/** Their records is all that there is of these jobs. Which is first by name is neither by id nor by age. */
const NAMES = { aaaaaa: "middle", bbbbbb: "first", cccccc: "zlast" };
const DAY_MS = 86_400_000;
const SHORT = ["--interval", "100ms"];
const LONG = ["--interval", "1h"];

class Stage implements AsyncDisposable {
  readonly stores = new StoreDir();
  readonly terminal: RealTerminal;

  constructor(args: readonly string[], options: { hasKeys?: boolean } = {}) {
    for (const [index, [id, name]] of Object.entries(NAMES).entries()) this.start(id, name, index);
    const corral = [
      Deno.execPath(),
      "run",
      "--quiet",
      "--allow-all",
      "--no-check",
      `${PROJECT_DIR}/src/main.ts`,
    ];
    this.terminal = new RealTerminal([...corral, "--state-dir", this.stores.path, "top", ...args], {
      ...options,
      env: { NO_COLOR: "1", CORRAL_CONFIG: "/dev/null" },
    });
  }

  /** The higher `days`, the younger. */
  start(id: string, name: string, days: number): void {
    const store = this.stores.open();
    const startedAtMs = Date.now() - (9 - days) * DAY_MS;
    store.insert(specOf({ id, name, createdAtMs: startedAtMs }), watchOf());
    store.markRunning(id, runOf({ startedAtMs, cgroup: { path: `/corral/${id}`, inode: 1 } }));
    this.stores.closeAll();
  }

  /** Waits until these are the jobs on the screen, in this order. */
  showsNames(...names: string[]): Promise<readonly string[]> {
    return this.terminal.shows((lines) => namesOf(lines).join() === names.join(), names.join(", "));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.terminal[Symbol.asyncDispose]();
    this.stores[Symbol.dispose]();
  }
}

function namesOf(lines: readonly string[]): (string | undefined)[] {
  const titles = lines.findIndex((line) => line.startsWith("ID "));
  return titles < 0 ? [] : tableRows(lines.slice(titles).join("\n")).map(({ NAME }) => NAME);
}

const [SIGCONT, SIGSTOP] = [18, 19];
const RESTORED = { restored: true, raw: true };

function terminalTest(name: string, test: () => Promise<void>): void {
  const isHere = isInstalled("python3");
  Deno.test({ name: isHere ? name : `${name} (needs python3)`, ignore: !isHere, fn: test });
}

terminalTest("corral top on a terminal: keys change the table, q restores the terminal", async () => {
  await using stage = new Stage([...LONG, "--sort", "id"]);
  const { terminal } = stage;
  await stage.showsNames("middle", "first", "zlast");
  assert.deepEqual(
    [terminal.screen.isAlternate, terminal.screen.isCursorShown, terminal.screen.wraps],
    [true, false, false],
  );
  await terminal.press("n");
  await stage.showsNames("first", "middle", "zlast");
  await terminal.press("r");
  await stage.showsNames("zlast", "middle", "first");
  // An arrow is neither `a` nor anything else.
  await terminal.press("\x1b[Ah");
  const lines = await terminal.shows((shown) => /^q quit/.test(shown[1] ?? ""), "the line of keys");
  assert.match(lines[0]!, / 3 jobs .* by -name$/);
  await terminal.press("q");
  assert.deepEqual(await terminal.left(), { exitCode: 0, ...RESTORED });
  const { isAlternate, isCursorShown, wraps, overflows, clears } = terminal.screen;
  assert.deepEqual({ isAlternate, isCursorShown, wraps, overflows, clears }, {
    isAlternate: false,
    isCursorShown: true,
    wraps: true,
    overflows: 0,
    clears: 0,
  });
  assert.deepEqual(terminal.screen.lines, []);
});

terminalTest(
  "corral top on a terminal: shows what happens at the next refresh, space brings it on",
  async () => {
    await using stage = new Stage([...LONG, "--sort", "id"]);
    await stage.showsNames("middle", "first", "zlast");
    stage.start("dddddd", "new", 5);
    await stage.terminal.press(" ");
    await stage.showsNames("middle", "first", "zlast", "new");
    await stage.terminal.press("\x03");
    assert.deepEqual(await stage.terminal.left(), { exitCode: 0, ...RESTORED });
  },
);

terminalTest("corral top on a terminal: refreshes by itself", async () => {
  await using stage = new Stage([...SHORT, "--sort", "id"]);
  await stage.showsNames("middle", "first", "zlast");
  stage.start("dddddd", "new", 5);
  await stage.showsNames("middle", "first", "zlast", "new");
  await stage.terminal.press("q");
  assert.deepEqual(await stage.terminal.left(), { exitCode: 0, ...RESTORED });
});

terminalTest("corral top on a terminal: follows its size", async () => {
  await using stage = new Stage([...LONG, "--sort", "id"]);
  const { terminal } = stage;
  await stage.showsNames("middle", "first", "zlast");
  await terminal.resize(60, 3);
  await terminal.shows((lines) => lines.length === 3 && lines[2] === "... and 3 more", "three lines");
  await terminal.resize(120, 40);
  await stage.showsNames("middle", "first", "zlast");
  assert.equal(terminal.screen.overflows, 0);
  await terminal.press("q");
  assert.deepEqual(await terminal.left(), { exitCode: 0, ...RESTORED });
});

for (const [name, signal] of Object.entries({ SIGHUP: 1, SIGINT: 2, SIGTERM: 15 })) {
  terminalTest(`corral top on a terminal: ${name} restores it and ends with ${128 + signal}`, async () => {
    await using stage = new Stage(SHORT);
    await stage.terminal.shows((lines) => namesOf(lines).length === 3, "three jobs");
    await stage.terminal.signal(signal);
    assert.deepEqual(await stage.terminal.left(), { exitCode: 128 + signal, ...RESTORED });
    const { isAlternate, isCursorShown, wraps } = stage.terminal.screen;
    assert.deepEqual({ isAlternate, isCursorShown, wraps }, {
      isAlternate: false,
      isCursorShown: true,
      wraps: true,
    });
  });
}

terminalTest("corral top on a terminal: takes it again when it goes on after a stop", async () => {
  await using stage = new Stage([...LONG, "--sort", "id"]);
  const { terminal } = stage;
  await stage.showsNames("middle", "first", "zlast");
  await terminal.signal(SIGSTOP);
  await terminal.takeBack();
  await terminal.signal(SIGCONT);
  await terminal.shows(() => terminal.screen.isAlternate, "the alternate screen");
  await terminal.press("n");
  await stage.showsNames("first", "middle", "zlast");
  await terminal.press("q");
  assert.deepEqual(await terminal.left(), { exitCode: 0, ...RESTORED });
});

terminalTest(
  "corral top on a terminal: an error midway is shown after the terminal is restored",
  async () => {
    await using stage = new Stage(SHORT);
    await stage.terminal.shows((lines) => namesOf(lines).length === 3, "three jobs");
    stage.stores.raw().exec("DROP TABLE jobs");
    assert.deepEqual(await stage.terminal.left(), { exitCode: 1, ...RESTORED });
    assert.equal(stage.terminal.screen.isAlternate, false);
    // A blank at the end of a line is not seen.
    assert.match(stage.terminal.screen.lines.join(""), /^corral: .*no ?such ?table: ?jobs/);
  },
);

terminalTest("corral top on a terminal: works without keys on stdin", async () => {
  await using stage = new Stage([...SHORT, "--sort", "name"], { hasKeys: false });
  await stage.showsNames("first", "middle", "zlast");
  await stage.terminal.resize(60, 3);
  await stage.terminal.shows((lines) => lines[2] === "... and 3 more", "three lines");
  await stage.terminal.signal(2);
  assert.deepEqual(await stage.terminal.left(), { exitCode: 130, restored: true, raw: false });
  assert.equal(stage.terminal.screen.isAlternate, false);
});

terminalTest("corral top on a terminal: --count leaves the last table on it", async () => {
  await using stage = new Stage([...SHORT, "--count", "2", "--sort", "name"]);
  assert.deepEqual(await stage.terminal.left(), { exitCode: 0, ...RESTORED });
  assert.equal(stage.terminal.screen.isAlternate, false);
  assert.deepEqual(namesOf(stage.terminal.screen.lines), ["first", "middle", "zlast"]);
});

terminalTest(
  "corral top on a terminal: a line that is typed filters, Escape leaves it, a job that is confirmed ends",
  async () => {
    await using stage = new Stage(["--interval", "100ms", "--sort", "name"]);
    const { terminal } = stage;
    await stage.showsNames("first", "middle", "zlast");
    await terminal.press("/MIDD\r");
    await stage.showsNames("middle");
    const [{ ID: id }] = tableRows(terminal.screen.lines.slice(1).join("\n")) as [Record<string, string>];
    await terminal.press("/no such");
    await terminal.shows((lines) => lines[1]!.endsWith("MIDDno such_"), "the line that is typed");
    await terminal.press("\x1b");
    // With the next key in the same read it would be one of Alt.
    await terminal.shows((lines) => !lines[1]!.includes("no such"), "the table without the line");
    await stage.showsNames("middle");
    await terminal.press("kmiddle\r");
    const asks = new RegExp(`^End job ${id}, middle, of \\w+\\? y for yes`);
    await terminal.shows((lines) => asks.test(lines[1]!), "the question");
    await terminal.press("y");
    await terminal.shows((lines) => lines[1] === `job ${id} ended: lost`, "what became of it");
    await terminal.press("/\x15\r");
    await stage.showsNames("first", "zlast");
    await terminal.press("q");
    assert.deepEqual(await terminal.left(), { exitCode: 0, ...RESTORED });
  },
);

Deno.test("keysOf() takes out what arrows and function keys send", () => {
  assert.deepEqual(keysOf("qc"), ["q", "c"]);
  assert.deepEqual(keysOf("\x1b[A\x1b[1;5a\x1bOq\x1bc\x1b[15~n"), ["n"]);
  assert.deepEqual(keysOf("\x1b"), ["\x1b"], "Escape itself");
  assert.deepEqual(keysOf("é\x03"), ["é", "\x03"]);
});
