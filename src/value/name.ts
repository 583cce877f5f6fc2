import { basename } from "node:path";
import { ValueError } from "../base/errors.ts";

const MAX_NAME_CHARACTERS = 255;
const MAX_REF_CHARACTERS = 1024;
const MAX_SHELL_LINE_CHARACTERS = 4096;

/**
 * A job's name: anything but NUL, 1 to 255 characters. It is a label, so newlines and escapes are kept and
 * shown escaped.
 */
export function parseName(text: string): string {
  return checkedText(text, "name", MAX_NAME_CHARACTERS);
}

/** The owner's id of a job: anything but NUL, 1 to 1024 characters. */
export function parseRef(text: string): string {
  return checkedText(text, "ref", MAX_REF_CHARACTERS);
}

/** A command line of sh(1): anything but NUL, 1 to 4096 characters, not blanks alone. */
export function parseShellLine(text: string): string {
  return checkedText(text.trim() === "" ? "" : text, "command", MAX_SHELL_LINE_CHARACTERS);
}

/** The name of a job that was given none: the command's base name, cut to what {@link parseName} accepts. */
export function jobNameFromCommand(command: string): string {
  const name = basename(command.toWellFormed().replaceAll("\0", "")) || "?";
  return Array.from(name.slice(0, 2 * MAX_NAME_CHARACTERS)).slice(0, MAX_NAME_CHARACTERS).join(
    "",
  );
}

/** The text itself if it is 1 to `maxCharacters` characters (code points) of valid Unicode without NUL. */
export function checkedText(text: string, kind: string, maxCharacters: number): string {
  const accepted = [`1 to ${maxCharacters} characters, none of them NUL`];
  const refusal = (offset: number, reason: string) =>
    new ValueError({ kind, input: text, offset, reason, accepted });
  if (text === "") throw refusal(0, "it is empty");
  const bad = text.search(/[\0\ud800-\udfff]/u);
  if (bad >= 0) throw refusal(bad, text[bad] === "\0" ? "NUL cannot be stored" : "it is not valid Unicode");
  const excess = excessOffset(text, maxCharacters);
  if (excess !== null) throw refusal(excess, `it is longer than ${maxCharacters} characters`);
  return text;
}

function excessOffset(text: string, maxCharacters: number): number | null {
  if (text.length <= maxCharacters) return null;
  const kept = Array.from(text.slice(0, 2 * maxCharacters)).slice(0, maxCharacters).join("").length;
  return kept < text.length ? kept : null;
}
