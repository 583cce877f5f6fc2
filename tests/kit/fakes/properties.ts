/** What holds of everything that can be made up: fast-check, with a seed that stays the same from run to run. */
import * as fc from "fast-check";

export { fc };

/** A failure names the seed and the smallest case that fails. Another seed: CORRAL_SEED=N. */
const seed = Number(Deno.env.get("CORRAL_SEED") ?? 20_261_101);
const RUNS = 5_000;

/** Asserts that `check` throws nothing for `runs` values. */
export function always<T>(values: fc.Arbitrary<T>, check: (value: T) => void, runs = RUNS): void {
  fc.assert(fc.property(values, (value) => check(value)), { seed, numRuns: runs });
}

/** So many values, for what takes them all at once. */
export function several<T>(values: fc.Arbitrary<T>, count: number): T[] {
  return fc.sample(values, { seed, numRuns: count });
}

/** Texts of these pieces, at most so many. */
export function textOf(pieces: readonly string[], maxLength: number, minLength = 0): fc.Arbitrary<string> {
  return fc.array(fc.constantFrom(...pieces), { minLength, maxLength }).map((parts) => parts.join(""));
}

/** Whole numbers of every order of magnitude: as many small ones as large ones. */
export function magnitudes(least: number, most: number): fc.Arbitrary<number> {
  return fc.double({ min: Math.log(least), max: Math.log(most), noNaN: true }).map((power) =>
    Math.min(most, Math.max(least, Math.round(Math.exp(power))))
  );
}
