/** A decimal number as it was typed, exact: `digits / scale`. */
export interface Decimal {
  /** All digits, those of the fraction included. */
  readonly digits: bigint;
  /** 1, 10, 100…: the power of ten that the fraction's digits stand for. */
  readonly scale: bigint;
  /** Index of the first character after the number. */
  readonly end: number;
}

/**
 * Reads `12`, `12.5` or `.5` at `start`; null when there is no digit. Signs, exponents and a bare dot are not
 * numbers here.
 */
export function scanDecimal(text: string, start: number): Decimal | null {
  const pattern = /(\d+)(?:\.(\d+))?|\.(\d+)/y;
  pattern.lastIndex = start;
  const match = pattern.exec(text);
  if (match === null) return null;
  const fraction = match[2] ?? match[3] ?? "";
  return {
    digits: BigInt((match[1] ?? "") + fraction),
    scale: 10n ** BigInt(fraction.length),
    end: pattern.lastIndex,
  };
}

/** The number times `units`, rounded down: 1.5 h is exactly 5400000 ms, with no float in between. */
export function timesUnits(number: Decimal, units: bigint): bigint {
  return number.digits * units / number.scale;
}
