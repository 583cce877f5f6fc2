/**
 * How corral knows its own files again: a marker in one of their first lines. The file that starts the sweep (service or cron line)
 * carries a record of the rest as well, so that `corral uninstall` takes away exactly that.
 */

/** In one of the first lines of every file that is installed. */
export const MARKER = "made by: corral install";
const MARKER_LINES = 3;
const RECORD = "record: ";

/** What is not to be seen from the places alone. */
export interface InstallRecord {
  /** Below it lie manual and completions. */
  shareDir: string;
  /** Directories that were not there before, absolute. */
  directories: readonly string[];
}

/** True for a file that corral has made, and may change and remove. */
export function isMarked(text: string): boolean {
  return text.split("\n", MARKER_LINES).some((line) => line.includes(MARKER));
}

/** The marker as comments. `sign` begins a comment. */
export function markerLine(sign: string): string {
  return `${sign} ${MARKER}; taken away by: corral uninstall\n`;
}

/** One line: JSON has no line breaks. */
export function recordLine(record: InstallRecord): string {
  return `# ${RECORD}${JSON.stringify(record)}\n`;
}

/** From the text of the file; null for one without a record, or with one that makes no sense. */
export function readRecord(text: string): InstallRecord | null {
  const line = text.split("\n").find((candidate) => candidate.startsWith(`# ${RECORD}`));
  if (line === undefined) return null;
  try {
    return checked(JSON.parse(line.slice(`# ${RECORD}`.length)));
  } catch {
    return null;
  }
}

/** Somebody may have edited it. */
function checked(value: unknown): InstallRecord | null {
  const { shareDir, directories } = Object(value) as { shareDir: unknown; directories: unknown };
  const isPath = (path: unknown): path is string => typeof path === "string" && path.startsWith("/");
  if (!isPath(shareDir) || !Array.isArray(directories) || !directories.every(isPath)) return null;
  return { shareDir, directories };
}
