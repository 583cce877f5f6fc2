/**
 * Words of the command that are the path of this binary. spawn() of the runtime (Deno 2.7.11, node:child_process) takes such a word for a
 * call of the runtime itself and rewrites all words behind it: `corral run -- /usr/bin/corral ps` would run `corral run -A … ps`. On the way
 * another word stands for the path, and the gate's shell puts the path back. Its variable has a name that no variable of the command has
 * on the way (gate_environment.ts).
 */

/** The words as spawn() leaves them alone, and the beginning of the shell script that is given them. */
export function standIns(
  words: readonly string[],
  ownPath: string,
): { words: readonly string[]; restoring: string } {
  if (!words.includes(ownPath)) return { words, restoring: "" };
  let standIn = `${ownPath}/`;
  while (words.includes(standIn)) standIn += "/";
  return {
    words: words.map((word) => word === ownPath ? standIn : word),
    restoring: `for CORRAL_GATE_WORD do shift; [ "$CORRAL_GATE_WORD" = ${inQuotes(standIn)} ] && ` +
      `CORRAL_GATE_WORD=${inQuotes(ownPath)}; set -- "$@" "$CORRAL_GATE_WORD"; done; `,
  };
}

function inQuotes(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
