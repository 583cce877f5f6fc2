/** Values of SQL as JSON: what JSON does not have is written as an object. */
import type { SQLInputValue, SQLOutputValue } from "node:sqlite";
import type { Parameters, Row } from "./database.ts";

/** No column or parameter is named so. */
interface Written {
  $number: string;
}

/** For the way there: infinite bounds. */
export function encodedValues(values: Parameters): Parameters {
  return values.map((value) => mapped(value, encoded)) as Parameters;
}

/** The same back. */
export function decodedValues(values: Parameters): Parameters {
  return values.map((value) => mapped(value, decoded)) as Parameters;
}

/** A row for the way back; integers that a number cannot hold become the nearest that it can. */
export function encodedRow(row: Row): Row {
  return mapped(row, encoded) as Row;
}

/** The same. */
export function decodedRow(row: Row): Row {
  return mapped(row, decoded) as Row;
}

function encoded(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  return typeof value === "number" && !Number.isFinite(value)
    ? { $number: String(value) } satisfies Written
    : value;
}

function decoded(value: unknown): unknown {
  return isWritten(value) ? Number(value.$number) : value;
}

function isWritten(value: unknown): value is Written {
  return typeof value === "object" && value !== null && typeof (value as Written).$number === "string";
}

/** A single value, or each of an array's or an object's. */
function mapped(
  value: unknown,
  change: (one: unknown) => unknown,
): SQLInputValue | SQLOutputValue | Row | unknown[] {
  const one = change(value);
  if (one !== value || typeof one !== "object" || one === null) return one as SQLInputValue;
  if (Array.isArray(one)) return one.map(change);
  return Object.fromEntries(Object.entries(one).map(([name, part]) => [name, change(part)])) as Row;
}
