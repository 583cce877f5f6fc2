/**
 * Environment variables whose values are not UTF-8 (a file name in Latin-1). The runtime drops them without a word, so they are read from
 * /proc/self/environ and handed to the gate's shell as octal escapes (gate_environment.ts).
 */

/** A variable as printf(1) takes it: every byte of the value as \ooo. */
export interface RawVariable {
  name: string;
  octal: string;
}

const SHELL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const EQUALS = 0x3d;

/** The variables in the bytes of an environment block (proc_pid_environ(5)) that cannot be strings; shell names only. */
export function undecodableVariables(block: Uint8Array): RawVariable[] {
  const strict = new TextDecoder("utf-8", { fatal: true });
  const found: RawVariable[] = [];
  for (let start = 0; start < block.length;) {
    const end = block.indexOf(0, start) < 0 ? block.length : block.indexOf(0, start);
    const entry = block.subarray(start, end);
    start = end + 1;
    try {
      strict.decode(entry);
    } catch {
      const equals = entry.indexOf(EQUALS);
      const name = new TextDecoder().decode(entry.subarray(0, Math.max(equals, 0)));
      if (!SHELL_NAME.test(name)) continue;
      const octal = [...entry.subarray(equals + 1)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`)
        .join("");
      found.push({ name, octal });
    }
  }
  return found;
}
