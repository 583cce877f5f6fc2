/**
 * corral recognises its own files by a marker in one of their first lines. The file that starts the sweep (service or cron line) also
 * carries a record of the rest, so that `corral uninstall` removes exactly that.
 */

/** The marker in one of the first lines of every installed file. */
export const MARKER = "made by: corral install";
const MARKER_LINES = 3;
const RECORD = "record: ";

/** The facts about an installation that its places alone do not show. */
export interface InstallRecord {
  /** The directory above manual and completions. */
  shareDir: string;
  /** Absolute paths of the directories that the installation made. */
  directories: readonly string[];
}

/** True for the text of a file that corral has made, and so may change and remove. */
export function isMarked(text: string): boolean {
  return text.split("\n", MARKER_LINES).some((line) => line.includes(MARKER));
}

/** Returns the marker as a comment; `sign` begins one. */
export function markerLine(sign: string): string {
  return `${sign} ${MARKER}; taken away by: corral uninstall\n`;
}

/** The file without marker and record: what a package brings is for the package to take away. */
export function withoutMarks(text: string): string {
  return text.split("\n").filter((line) => !line.includes(MARKER) && !line.startsWith(`# ${RECORD}`)).join(
    "\n",
  );
}

/** Returns the record as one line: JSON has no line breaks. */
export function recordLine(record: InstallRecord): string {
  return `# ${RECORD}${JSON.stringify(record)}\n`;
}

/** Reads the record in the text of a file; null when there is none or it makes no sense. */
export function readRecord(text: string): InstallRecord | null {
  const line = text.split("\n").find((candidate) => candidate.startsWith(`# ${RECORD}`));
  if (line === undefined) return null;
  try {
    return checked(JSON.parse(line.slice(`# ${RECORD}`.length)));
  } catch {
    return null;
  }
}

/** Checks a record that may have been edited by hand. */
function checked(value: unknown): InstallRecord | null {
  const { shareDir, directories } = Object(value) as { shareDir: unknown; directories: unknown };
  const isPath = (path: unknown): path is string => typeof path === "string" && path.startsWith("/");
  if (!isPath(shareDir) || !Array.isArray(directories) || !directories.every(isPath)) return null;
  return { shareDir, directories };
}
