/**
 * Lets the binary start under any TMPDIR. Before the first line of JavaScript the runtime makes the name of a directory of it, which it
 * never opens, and ends with "Could not convert path to URL" where TMPDIR is empty or relative: not even `corral kill` would work.
 *
 * So the name of the variable, where Rust's std::env::temp_dir() has it, begins with a zero: no environment has such a variable, and the
 * answer is /tmp. SQLite and libffi have a name of their own (src/store/open.ts).
 */

/** Rust's constants lie side by side, without an end: others end with a NUL, and in JavaScript there are quotes around it. */
const NAME = /(?<=[a-z])TMPDIR(?=[a-z])/g;

/** False where the name is not there exactly once: the binary works, but not there. */
export async function forgetTmpdir(path: string): Promise<boolean> {
  const text = new TextDecoder("latin1").decode(await Deno.readFile(path));
  const places = [...text.matchAll(NAME)];
  if (places.length !== 1) return false;
  using file = await Deno.open(path, { write: true });
  await file.seek(places[0]!.index, Deno.SeekMode.Start);
  return await file.write(new Uint8Array(1)) === 1;
}
