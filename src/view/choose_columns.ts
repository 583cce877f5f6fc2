/** `--columns` and `--sort`: from names to columns. */
import type { Value } from "./shown_column.ts";
import { UsageError } from "../base/errors.ts";
import { hintOf } from "../base/near.ts";
import { quoted } from "../base/text.ts";

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
  throw new UsageError(`${option}: there is no column ${quoted(name)}${hintOf(name, keys)}`, {
    remedy: `columns: ${keys.join(", ")}`,
  });
}

/** In the order of what `read` gives; what is not known comes last either way, and equals stay as they were. */
export function sortedBy<T>(items: readonly T[], read: (item: T) => Value, isDescending: boolean): T[] {
  const keyed = items.map((item) => ({ item, value: read(item) }));
  return keyed.sort((one, other) => {
    if (one.value === null || other.value === null) {
      return Number(one.value === null) - Number(other.value === null);
    }
    if (one.value === other.value) return 0;
    return (one.value < other.value) === isDescending ? 1 : -1;
  }).map(({ item }) => item);
}
