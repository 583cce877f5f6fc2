/**
 * Doc lint: every export of src/ says what it is. `deno doc --lint` finds them, but it wants a comment on each member
 * of an interface and on each state of a union as well, where a good name is all there is to say.
 */
import { stripVTControlCharacters } from "node:util";

const PROJECT_DIR = `${import.meta.dirname}/..`;

function sources(directory: string): string[] {
  return [...Deno.readDirSync(`${PROJECT_DIR}/${directory}`)].flatMap(
    (entry) => {
      const path = `${directory}/${entry.name}`;
      if (entry.isDirectory) return sources(path);
      return path.endsWith(".ts") ? [path] : [];
    },
  );
}

/** `path:line: source` of each finding that points at an export itself. */
export function undocumentedExports(lint: string): string[] {
  return lint.split(/^(?=error)/m).filter((finding) => finding.startsWith("error[missing-jsdoc]")).flatMap(
    (finding) => {
      const place = /--> (?:.*\/)?(src\/.*):\d+$/m.exec(finding)?.[1];
      const source = /^\s*\d+ \| (export .*)$/m.exec(finding)?.[1];
      return place !== undefined && source !== undefined ? [`${place}: ${source}`] : [];
    },
  );
}

if (import.meta.main) {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", ...sources("src")],
    cwd: PROJECT_DIR,
  }).output();
  const lint = stripVTControlCharacters(new TextDecoder().decode(stderr));
  const findings = undocumentedExports(lint);
  const isUnreadable = code !== 0 && !lint.includes("documentation lint error");
  if (isUnreadable) console.error(lint);
  for (const finding of findings) {
    console.error(`undocumented export: ${finding}`);
  }
  Deno.exit(isUnreadable || findings.length > 0 ? 1 : 0);
}
