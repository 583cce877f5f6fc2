/** Digits and lower case without the look-alikes 0 o, 1 l i and u: 30 characters. */
const ALPHABET = "23456789abcdefghjkmnpqrstvwxyz";
const ID_CHARACTERS = 6;
/** Bytes from here on would favour the first letters of the alphabet and are drawn again. */
const FAIR_BYTES = 256 - 256 % ALPHABET.length;
/**
 * A byte is refused once in 16; this many refills without six good ones mean a broken source, not bad luck.
 */
const MAX_DRAWS = 32;

/** A new job id, one of 729 million, each equally likely. Unique only once the store has taken it. */
export function newJobId(randomBytes: (count: number) => Uint8Array): string {
  let id = "";
  for (let draw = 0; draw < MAX_DRAWS; draw++) {
    for (const byte of randomBytes(ID_CHARACTERS)) {
      if (byte < FAIR_BYTES) id += ALPHABET.charAt(byte % ALPHABET.length);
      if (id.length === ID_CHARACTERS) return id;
    }
  }
  throw new Error("Cannot draw a job id: the random source gives no usable bytes");
}

/** True for a complete id. */
export function isJobId(text: string): boolean {
  return text.length === ID_CHARACTERS && idMismatchOffset(text) === null;
}

/** Index of the first character that no id can have there, or null if the text begins or is an id. */
export function idMismatchOffset(text: string): number | null {
  for (let offset = 0; offset < text.length; offset++) {
    if (offset >= ID_CHARACTERS || !ALPHABET.includes(text.charAt(offset))) return offset;
  }
  return text === "" ? 0 : null;
}
