/** The JSON Schema of jobs and reports as lists of keys, in Markdown. Pure. */
import { JSON_SCHEMA } from "../report/json_schema.ts";

/** What is used of a JSON Schema here. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly (string | null)[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly $ref?: string;
  readonly items?: Schema;
  readonly format?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

const TITLES: Readonly<Record<string, string>> = {
  job: "A job",
  event: "An event",
  process: "A process",
  ioDevice: "A block device",
  sample: "A sample",
  survivor: "A survivor",
  gpuHolder: "A process that holds a GPU",
  group: "A group of jobs (report --by)",
  end: "The end of a node's rows (report --format jsonl)",
  spread: "A spread",
  advice: "Advice (report --advise)",
};

/** A section for each kind of object; objects within a job have their keys after a dot. */
export function jsonTerms(): string {
  const kinds = JSON_SCHEMA["$defs"] as Readonly<Record<string, Schema>>;
  return Object.entries(kinds).map(([name, schema]) => {
    const about = schema.description === undefined ? "" : `${sentence(schema.description)}\n\n`;
    return `### ${TITLES[name] ?? name}\n\n${about}${keysOf(schema, "").join("\n")}`;
  }).join("\n\n");
}

function keysOf({ properties = {}, required = [] }: Schema, prefix: string): string[] {
  return Object.entries(properties).flatMap(([key, schema]) => {
    const optional = required.includes(key) ? "" : ", not always there";
    const about = schema.description === undefined ? "" : ` ${sentence(schema.description)}`;
    return [
      `- \`${prefix}${key}\`: ${sentence(typeOf(schema) + optional)}${about}`,
      ...keysOf(schema, `${prefix}${key}.`),
    ];
  });
}

function typeOf(schema: Schema): string {
  if (schema.enum !== undefined) return `one of ${schema.enum.map((value) => `\`${value}\``).join(", ")}`;
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(" or ");
  if (schema.$ref !== undefined) return wordsOf(schema.$ref.split("/").at(-1)!);
  if (schema.items !== undefined) return `list (${typeOf(schema.items)})`;
  const type = typeof schema.type === "string" ? schema.type : schema.type?.join(" or ") ?? "anything";
  return schema.format === undefined ? type : `${type} (${schema.format})`;
}

/** `ioDevice` as `io device`. */
function wordsOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
