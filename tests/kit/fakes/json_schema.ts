/** As much of JSON Schema 2020-12 as corral's own schema uses; a keyword that it does not know is an error, not a pass. */

type Schema = Record<string, unknown>;

const ANNOTATIONS = ["$schema", "$defs", "title", "description", "format"];
const TYPES: Record<string, (value: unknown) => boolean> = {
  null: (value) => value === null,
  string: (value) => typeof value === "string",
  boolean: (value) => typeof value === "boolean",
  number: (value) => typeof value === "number",
  integer: (value) => Number.isInteger(value),
  array: Array.isArray,
  object: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
};

/** What is wrong with `value`, each with its path; empty when it is valid. */
export function schemaErrors(root: Schema, value: unknown): string[] {
  return check(root, value, "$");

  function check(schema: Schema, value: unknown, path: string): string[] {
    return Object.entries(schema).flatMap(([keyword, rule]) => {
      const apply = KEYWORDS[keyword];
      if (apply === undefined && !ANNOTATIONS.includes(keyword)) {
        throw new Error(`Unknown keyword ${keyword}`);
      }
      return apply?.(rule, value, { path, schema, check, root }) ?? [];
    });
  }
}

interface Place {
  path: string;
  schema: Schema;
  root: Schema;
  check: (schema: Schema, value: unknown, path: string) => string[];
}

type Keyword = (rule: unknown, value: unknown, place: Place) => string[];

const KEYWORDS: Record<string, Keyword> = {
  $ref: (rule, value, { root, check, path }) => check(definition(root, String(rule)), value, path),
  type: (rule, value, { path }) =>
    [rule].flat().some((type) => TYPES[String(type)]!(value))
      ? []
      : [`${path} is no ${[rule].flat().join("/")}`],
  enum: (rule, value, { path }) =>
    (rule as unknown[]).includes(value) ? [] : [`${path} is ${JSON.stringify(value)}`],
  required: (rule, value, { path }) =>
    isObject(value)
      ? (rule as string[]).filter((key) => !(key in value)).map((key) => `${path}.${key} is missing`)
      : [],
  properties: (rule, value, { path, check }) =>
    isObject(value)
      ? Object.entries(rule as Record<string, Schema>).flatMap(([key, schema]) =>
        key in value ? check(schema, value[key], `${path}.${key}`) : []
      )
      : [],
  additionalProperties: (rule, value, { path, schema, check }) => {
    if (!isObject(value)) return [];
    const others = Object.keys(value).filter((key) => !(key in (schema["properties"] as Schema ?? {})));
    return others.flatMap((key) =>
      rule === false
        ? [`${path}.${key} is not in the schema`]
        : check(rule as Schema, value[key], `${path}.${key}`)
    );
  },
  items: (rule, value, { path, check }) =>
    Array.isArray(value)
      ? value.flatMap((item, index) => check(rule as Schema, item, `${path}[${index}]`))
      : [],
  anyOf: (rule, value, place) => alternatives(rule as Schema[], value, place, (valid) => valid > 0),
  oneOf: (rule, value, place) => alternatives(rule as Schema[], value, place, (valid) => valid === 1),
};

function alternatives(
  schemas: readonly Schema[],
  value: unknown,
  { path, check }: Place,
  suffices: (valid: number) => boolean,
): string[] {
  const errors = schemas.map((schema) => check(schema, value, path));
  const valid = errors.filter((found) => found.length === 0).length;
  return suffices(valid) ? [] : [`${path} fits ${valid} of ${schemas.length}: ${errors.flat().join("; ")}`];
}

function definition(root: Schema, reference: string): Schema {
  const found = (root["$defs"] as Record<string, Schema>)[reference.replace("#/$defs/", "")];
  if (found === undefined) throw new Error(`Unknown reference ${reference}`);
  return found;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return TYPES["object"]!(value);
}
