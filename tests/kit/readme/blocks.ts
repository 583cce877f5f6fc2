/** The runnable code blocks of a Markdown file: what is in them, and what its author says about running them. */

/**
 * A fenced block in `sh` or `python`. The words after the language say how it is run; Markdown viewers do not show them:
 * `exit=N` or `exit=N,M`, `as=USER`, `says=REGEX` (of stdout and stderr, no blanks), `needs=CONTROLLER`, `on=project` for the
 * working tree, `on=tools` where other tools are, `on=slurm` on a node of Slurm, `on=package` and `on=binary` in a fresh container with the release.
 */
export interface Block {
  language: "sh" | "python";
  /** Of its first line in the file, from 1. */
  line: number;
  script: string;
  /** Any of them is right. */
  exitCodes: readonly number[];
  user: string;
  says: RegExp | null;
  /** Cgroup controller without which it cannot do what it shows; null for none. */
  needs: string | null;
  /** In a machine, where corral is installed, in the working tree, or where the tools are that it shows. */
  place: "machine" | typeof PLACES[number];
}

/** Other places than a machine with corral. */
const PLACES = ["project", "tools", "slurm", "package", "binary"] as const;
const FENCE = /^```(\w*)(.*)$/;
const KEYS = ["exit", "as", "says", "needs", "on"];

/** In the order of the file. Throws for a note that it does not know. */
export function runnableBlocks(markdown: string): Block[] {
  const blocks: Block[] = [];
  let open: { language: string; notes: string; start: number } | null = null;
  const lines = markdown.split("\n");
  for (const [index, line] of lines.entries()) {
    const fence = FENCE.exec(line);
    if (fence === null) continue;
    if (open === null) {
      open = { language: fence[1]!, notes: fence[2]!, start: index + 1 };
      continue;
    }
    const { language, notes, start } = open;
    open = null;
    if (language !== "sh" && language !== "python") continue;
    blocks.push({
      language,
      line: start + 1,
      script: lines.slice(start, index).join("\n"),
      ...readNotes(notes),
    });
  }
  if (open !== null) throw new SyntaxError(`The block at line ${open.start} does not end`);
  return blocks;
}

function readNotes(text: string): Pick<Block, "exitCodes" | "user" | "says" | "needs" | "place"> {
  const notes = new Map<string, string>();
  for (const word of text.split(/\s+/).filter((word) => word !== "")) {
    const [key = "", ...value] = word.split("=");
    if (!KEYS.includes(key)) throw new SyntaxError(`Cannot read "${word}": the notes are ${KEYS.join(", ")}`);
    notes.set(key, value.join("="));
  }
  const says = notes.get("says");
  return {
    exitCodes: (notes.get("exit") ?? "0").split(",").map(Number),
    user: notes.get("as") ?? "root",
    says: says === undefined ? null : new RegExp(says),
    needs: notes.get("needs") ?? null,
    place: placeOf(notes.get("on")),
  };
}

function placeOf(word: string | undefined): Block["place"] {
  return PLACES.find((place) => place === word) ?? "machine";
}
