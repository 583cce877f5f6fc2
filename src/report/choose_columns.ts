/** `--columns` and `--sort`: from names to columns. */
import { UsageError } from "../errors.ts";
import { nearest } from "../job/near.ts";
import { quoted } from "./escape.ts";

/** An order of rows. */
export interface Order<C> {
  readonly column: C;
  readonly isDescending: boolean;
}

/** The columns that `text` (names, separated by commas) asks for. Throws UsageError. */
export function chooseColumns<C extends { readonly key: string }>(text: string, known: readonly C[]): C[] {
  return text.split(",").map((name) => columnNamed(name.trim(), known, "--columns"));
}

/** `COLUMN`, smallest first, or `-COLUMN`, as ps(1) takes it. Throws UsageError. */
export function chooseOrder<C extends { readonly key: string }>(text: string, known: readonly C[]): Order<C> {
  const name = text.replace(/^[+-]/, "");
  return { column: columnNamed(name, known, "--sort"), isDescending: text.startsWith("-") };
}

function columnNamed<C extends { readonly key: string }>(
  name: string,
  known: readonly C[],
  option: string,
): C {
  const found = known.find(({ key }) => key === name.toLowerCase());
  if (found !== undefined) return found;
  const keys = known.map(({ key }) => key);
  const near = nearest(name, keys);
  const hint = near === null ? "" : `, did you mean ${near}?`;
  throw new UsageError(`${option}: there is no column ${quoted(name)}${hint}`, {
    mend: `columns: ${keys.join(", ")}`,
  });
}
