/** A write for each line would cost more than the line. */

const CHUNK_CHARACTERS = 65_536;

/** The same text in pieces of 64 Ki characters or a little more. */
export function* chunks(lines: Iterable<string>): Generator<string> {
  let text = "";
  for (const line of lines) {
    text += line;
    if (text.length >= CHUNK_CHARACTERS) {
      yield text;
      text = "";
    }
  }
  if (text !== "") yield text;
}
