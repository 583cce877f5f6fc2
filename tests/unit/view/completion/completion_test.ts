/** The completions, asked of the shells themselves. `corral` is a program that has two jobs. */
import assert from "node:assert/strict";
import { describeProgram } from "../../../../src/cli/program.ts";
import { COMPLETIONS, type Shell, SHELLS } from "../../../../src/view/completion/completion.ts";
import { isInstalled } from "../../../kit/machine/command.ts";
import { TempDir } from "../../../kit/fakes/temp.ts";

const form = await describeProgram();
const verbs = form.verbs.map(({ name }) => name);

/** What `corral ps --json` prints, with an id where none is meant. */
const JOBS = JSON.stringify([{ id: "7k2m9q", name: "x", tags: { id: "nested" } }, { id: "abc123" }], null, 2);

interface Shelf extends Disposable {
  /** Runs a script in the shell, `corral` and the completion script given to it; its stdout. */
  run(shell: Shell, script: (file: string) => string, corral?: string): Promise<string>;
}

function shelf(): Shelf {
  const temp = new TempDir();
  return {
    async run(shell, script, corral = `cat <<'JOBS'\n${JOBS}\nJOBS`) {
      const file = temp.write(`completion.${shell}`, COMPLETIONS[shell](form));
      Deno.chmodSync(temp.write("bin/corral", `#!/bin/sh\n${corral}\n`), 0o755);
      const { stdout, stderr } = await new Deno.Command(shell, {
        args: ["-c", script(file)],
        env: {
          PATH: `${temp.path}/bin:${Deno.env.get("PATH")}`,
          HOME: temp.path,
          XDG_CONFIG_HOME: temp.path,
        },
      }).output();
      const words = new TextDecoder();
      assert.equal(words.decode(stderr), "");
      return words.decode(stdout);
    },
    [Symbol.dispose]: () => temp[Symbol.dispose](),
  };
}

/** What bash puts in for the last of the words. */
async function bash(words: readonly string[], corral?: string): Promise<string[]> {
  using shells = shelf();
  const list = words.map((word) => `'${word}'`).join(" ");
  const output = await shells.run(
    "bash",
    (file) =>
      `source ${file}; COMP_WORDS=(${list}); COMP_CWORD=${
        words.length - 1
      }; _corral; printf '%s\\n' "\${COMPREPLY[@]}"`,
    corral,
  );
  return output.split("\n").filter((word) => word !== "");
}

Deno.test("the bash completion offers commands, options, values and jobs where they belong", async () => {
  const rows: readonly (readonly [words: string[], offered: string[]])[] = [
    [["corral", ""], verbs],
    [["corral", "ki"], ["kill"]],
    [["corral", "--log-l"], ["--log-level"]],
    [["corral", "--log-level", ""], ["debug", "info", "warn", "error"]],
    [["corral", "--log-level", "=", "w"], ["warn"]],
    [["corral", "--log-level", "="], ["debug", "info", "warn", "error"]],
    [["corral", "--state-dir", "kill", "k"], ["kill"]],
    [["corral", "run", "--backend", "s"], ["systemd"]],
    [["corral", "run", "--signal", "TER"], ["TERM"]],
    [["corral", "run", "--timeout", ""], []],
    [["corral", "kill", "--dr"], ["--dry-run"]],
    [["corral", "kill", ""], ["7k2m9q", "abc123"]],
    [["corral", "kill", "7k2m9q", "a"], ["abc123"]],
    [["corral", "show", "7"], ["7k2m9q"]],
    [["corral", "show", "7k2m9q", ""], []],
    [["corral", "ps", ""], ["7k2m9q", "abc123"]],
    [["corral", "top", ""], []],
    [["corral", "completion", ""], [...SHELLS]],
  ];
  for (const [words, offered] of rows) assert.deepEqual(await bash(words), offered, words.join(" "));
});

Deno.test("the bash completion leaves the launched command its own words", async () => {
  assert.ok((await bash(["corral", "run", "-t", "1h", "trunca"])).includes("truncate"));
  assert.ok((await bash(["corral", "run", "--", "trunca"])).includes("truncate"));
  // --json is an option of ps, and nothing of truncate's.
  assert.deepEqual(await bash(["corral", "run", "truncate", "--js"]), []);
  assert.deepEqual(
    await bash(["corral", "run", "cat", "/etc/passw"]).then((all) => all.includes("/etc/passwd")),
    true,
  );
});

Deno.test("the bash completion offers files, directories and users for values that are such", async () => {
  assert.ok((await bash(["corral", "--config", "/etc/passw"])).includes("/etc/passwd"));
  assert.deepEqual(await bash(["corral", "--state-dir", "/etc/passw"]), []);
  assert.ok((await bash(["corral", "run", "--chdir", "/et"])).includes("/etc"));
  assert.ok((await bash(["corral", "run", "--user", "roo"])).includes("root"));
});

Deno.test("the bash completion is silent where corral fails", async () => {
  assert.deepEqual(await bash(["corral", "kill", ""], "echo broken >&2; exit 1"), []);
  assert.deepEqual(await bash(["corral", "kill", ""], "echo '[not json'"), []);
});

/** zsh has no way to be asked without a terminal: it reads the script, and takes it for the command. */
const zsh = notHere("zsh");
Deno.test({
  name: `zsh takes its completion for the command${zsh.why}`,
  ignore: zsh.ignore,
  async fn() {
    using shells = shelf();
    const load = (file: string) =>
      `autoload -Uz compinit; compinit -D -u; source ${file}; print $_comps[corral]`;
    assert.equal(await shells.run("zsh", load), "_corral\n");
    // In fpath the first line is what counts.
    assert.match(COMPLETIONS.zsh(form), /^#compdef corral\n/);
  },
});

const fish = notHere("fish");
Deno.test({
  name: `the fish completion offers the same${fish.why}`,
  ignore: fish.ignore,
  async fn() {
    using shells = shelf();
    const ask = async (line: string) => {
      const output = await shells.run("fish", (file) => `source ${file}; complete -C'${line}'`);
      return output.split("\n").map((row) => row.split("\t")[0]!).filter((word) => word !== "").toSorted();
    };
    const rows: readonly (readonly [line: string, offered: string[]])[] = [
      ["corral ", verbs],
      ["corral --log-level ", ["debug", "info", "warn", "error"]],
      ["corral --state-dir kill run --ti", ["--timeout"]],
      ["corral run --backend s", ["systemd"]],
      ["corral kill ", ["7k2m9q", "abc123"]],
      ["corral run -t 1h trunca", ["truncate"]],
      ["corral run truncate --js", []],
      ["corral completion ", [...SHELLS]],
      ["corral wait ", ["7k2m9q", "abc123"]],
      ["corral logs --fol", ["--follow"]],
      ["corral doctor ", []],
    ];
    for (const [line, offered] of rows) assert.deepEqual(await ask(line), offered.toSorted(), line);
  },
});

function notHere(shell: string): { ignore: boolean; why: string } {
  const ignore = !isInstalled(shell);
  return { ignore, why: ignore ? ` (${shell} is not here)` : "" };
}
