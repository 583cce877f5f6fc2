/// <reference lib="dom" />
/** Markup as tagged templates: htm reads them, preact makes text nodes of everything that is filled in. */
import htm from "htm";
import { type ComponentChild, type ComponentChildren, h, type VNode } from "preact";

/** htm's types describe its CommonJS form. */
interface Htm {
  bind(make: typeof create): (strings: TemplateStringsArray, ...values: unknown[]) => VNode;
}

/** Whatever preact shows: elements, text, lists of them, nothing. */
export type Markup = ComponentChildren;

/** A table keeps its roles where app.css makes cards of its rows: another `display` would drop them. */
const ROLES: Readonly<Record<string, string>> = {
  table: "table",
  thead: "rowgroup",
  tbody: "rowgroup",
  tr: "row",
  th: "columnheader",
  td: "cell",
};

function create(type: string, props: Record<string, unknown> | null, ...children: Markup[]): VNode {
  const role = ROLES[type];
  return h(type, role === undefined ? props : { role, ...props }, ...children as ComponentChild[]) as VNode;
}

/** What stands in `${}` becomes text, an attribute or an element, never markup. A space that a line ends or begins with is dropped. */
export const html = (htm as unknown as Htm).bind(create);

/** Class names; what does not apply is left out. */
export function classes(...names: (string | false | null | undefined)[]): string {
  return names.filter(Boolean).join(" ");
}
