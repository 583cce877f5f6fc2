/** The completions, asked of the shells themselves. `corral` is a program that has two jobs. */
import assert from "node:assert/strict";
import { describeProgram } from "../../../../src/cli/program.ts";
import { COMPLETIONS, type Shell, SHELLS } from "../../../../src/view/completion/completion.ts";
import { isInstalled } from "../../../kit/machine/command.ts";
import { TempDir } from "../../../kit/fakes/temp.ts";

const form = await describeProgram();
const verbs = form.verbs.map(({ name }) => name);

/** What `corral ps --json` prints: with keys where none is meant, and names that a shell would run. */
const JOBS = JSON.stringify(
  [
    { id: "7k2m9q", name: "fastsurfer", ref: "task-17", tags: { id: "nested", name: "nested" } },
    { id: "abc123", name: "$(touch pwned)", ref: "`touch pwned`" },
    { id: "def456", name: "a b", ref: "-rf" },
    { id: "ghj789", name: "x;touch pwned", ref: "x\n" },
    { id: "kmn234", name: "~root", ref: null },
  ],
  null,
  2,
);
const IDS = ["7k2m9q", "abc123", "def456", "ghj789", "kmn234"];
/** By which a job may be named. */
const KNOWN_BY = ["7k2m9q", "fastsurfer", "task-17", ...IDS.slice(1)];

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
    [["corral", "kill", ""], KNOWN_BY],
    [["corral", "kill", "fast"], ["fastsurfer"]],
    [["corral", "kill", "--name", ""], ["fastsurfer"]],
    [["corral", "kill", "--ref", ""], ["task-17"]],
    [["corral", "report", "--name", "f"], ["fastsurfer"]],
    [["corral", "report", "--format", "o"], ["openmetrics"]],
    [["corral", "report", "--by", "n"], ["name"]],
    [["corral", "report", "--reason", "time"], ["timeout"]],
    [["corral", "report", "--sort", "mem-p"], ["mem-peak"]],
    [["corral", "report", "--columns", "mem-p"], ["mem-peak"]],
    [["corral", "report", "--columns", "id,name,mem-p"], ["id,name,mem-peak"]],
    [["corral", "top", "--sort", "na"], ["name"]],
    [["corral", "kill", "7k2m9q", "a"], ["abc123"]],
    [["corral", "show", "7"], ["7k2m9q"]],
    [["corral", "show", "7k2m9q", ""], []],
    [["corral", "ps", ""], KNOWN_BY],
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

/** Types the line and a tab in a zsh on a pseudo-terminal of its own; what the line is then. */
const TYPE_IN_ZSH = `
zmodload zsh/zpty
zpty shell 'PS1="> " TERM=dumb zsh -f -i'
zpty -w shell 'autoload -Uz compinit; compinit -D -u; source FILE'
zpty -w shell 'bindkey "^I" complete-word; show() { zle -I; print -r -- "LINE[$BUFFER]" }; zle -N show; bindkey "^Xs" show'
zpty -w shell 'print READ''Y'
zpty -r -m shell text '*READY*'
zpty -w -n shell 'WORDS'$'\\t\\x18s'
all=
repeat 2000 { zpty -r -t shell text && all+=$text || sleep 0.02; [[ $all == *LINE\\[corral*\\]* ]] && break }
all=\${all##*LINE\\[}
print -r -- "\${all%%\\]*}"
zpty -d shell`;

Deno.test({
  name: `the zsh completion puts in the same${zsh.why}`,
  ignore: zsh.ignore,
  async fn() {
    const rows: readonly (readonly [line: string, full: string])[] = [
      ["corral kill fas", "corral kill fastsurfer "],
      ["corral kill --ref ", "corral kill --ref task-17 "],
      ["corral report --name=fas", "corral report --name=fastsurfer "],
      ["corral report --format o", "corral report --format openmetrics "],
      ["corral report --columns id,mem-p", "corral report --columns id,mem-peak,"],
      ["corral top --sort nam", "corral top --sort name "],
    ];
    for (const [line, full] of rows) {
      using shells = shelf();
      const script = (file: string) => TYPE_IN_ZSH.replace("FILE", file).replace("WORDS", line);
      assert.equal((await shells.run("zsh", script)).replace(/\n$/, ""), full, line);
    }
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
      ["corral kill ", KNOWN_BY],
      ["corral kill --name ", ["fastsurfer"]],
      ["corral report --ref ", ["task-17"]],
      ["corral report --format o", ["openmetrics"]],
      ["corral report --by n", ["name"]],
      ["corral report --reason time", ["timeout"]],
      ["corral report --columns id,name,mem-p", ["id,name,mem-peak"]],
      ["corral report --columns=id,mem-p", ["--columns=id,mem-peak"]],
      ["corral top --sort na", ["name"]],
      ["corral run -t 1h trunca", ["truncate"]],
      ["corral run truncate --js", []],
      ["corral completion ", [...SHELLS]],
      ["corral ps ", KNOWN_BY],
      ["corral top ", []],
      ["corral wait ", KNOWN_BY],
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
