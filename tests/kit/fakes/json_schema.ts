/** corral's own JSON Schema (2020-12), as ajv reads it; a keyword or a format that ajv does not know is an error, not a pass. */
import { Ajv2020 } from "ajv/dist/2020.js";

const ajv = new Ajv2020({
  allErrors: true,
  allowUnionTypes: true,
  formats: { "date": /^\d{4}-\d\d-\d\d$/, "date-time": isUtcTime },
});

/** What is wrong with `value`, each with its place; empty when it is valid. */
export function schemaErrors(schema: Record<string, unknown>, value: unknown): string[] {
  const validate = ajv.compile(schema);
  if (validate(value)) return [];
  return validate.errors!.map(({ instancePath, message, params }) =>
    `${instancePath} ${message} ${JSON.stringify(params)}`
  );
}

/** ISO 8601, as corral writes it. */
function isUtcTime(text: string): boolean {
  const date = new Date(text);
  return Number.isFinite(date.getTime()) && date.toISOString() === text;
}
