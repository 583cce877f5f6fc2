/** Text for man(7): nothing in it is taken for a request or an escape, and dashes that are typed come out as dashes. */

/** Running text. What stands between backticks becomes bold, and is code. */
export function roffText(text: string): string {
  const parts = text.split("`");
  // A last backtick without a partner is one.
  const isCode = (index: number) => index % 2 === 1 && (index < parts.length - 1);
  const line = parts.map((part, index) =>
    isCode(index)
      ? `\\fB${roffCode(part)}\\fR`
      : `${index > 0 && !isCode(index - 1) ? "\\(ga" : ""}${prose(part)}`
  ).join("");
  return guarded(line);
}

/** Something to be typed as it stands: every dash is one. */
export function roffCode(text: string): string {
  return escaped(text).replaceAll("-", "\\-");
}

/** A word or words as the argument of a request. */
export function roffArgument(text: string): string {
  return `"${roffCode(text).replaceAll('"', "\\(dq")}"`;
}

/** A hyphen joins two words; anything else that looks like one is a dash of an option, a sign, a range. */
function prose(text: string): string {
  return text.split(/(\s+)/).map((word) =>
    /^\W*-/.test(word) ? roffCode(word) : escaped(word).replace(/(?<![a-zA-Z])-|-(?![a-zA-Z])/g, "\\-")
  ).join("");
}

function escaped(text: string): string {
  return text.replace(/\s+/g, " ").replaceAll("\\", "\\e").replace(
    /[^\x20-\x7e]/gu,
    (character) => `\\[u${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}]`,
  );
}

/** A dot or an apostrophe at the start of a line would be a request. */
function guarded(line: string): string {
  return /^[.']/.test(line) ? `\\&${line}` : line;
}
