import { ValueError } from "../base/errors.ts";
import { idMismatchOffset, isJobId } from "./id.ts";

const ACCEPTED = ["an id such as 7k2m9q", "a unique prefix of one", "name:NAME", "ref:REF"];

/** Which jobs a JOB argument means. An id or a prefix means one job, a name or a ref may mean several. */
export type Selector =
  | { readonly kind: "id"; readonly id: string }
  | { readonly kind: "prefix"; readonly prefix: string }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "ref"; readonly ref: string };

/** Reads a JOB argument; whether such a job exists is for the store to say. */
export function parseSelector(text: string): Selector {
  if (text.startsWith("name:")) return { kind: "name", name: rest(text, "name:") };
  if (text.startsWith("ref:")) return { kind: "ref", ref: rest(text, "ref:") };
  const offset = idMismatchOffset(text);
  if (offset !== null) throw refusal(text, offset, reasonAt(text, offset));
  return isJobId(text) ? { kind: "id", id: text } : { kind: "prefix", prefix: text };
}

function rest(text: string, label: string): string {
  const value = text.slice(label.length);
  if (value === "") throw refusal(text, label.length, `nothing follows ${label}`);
  return value;
}

function reasonAt(text: string, offset: number): string {
  if (text === "") return "it is empty";
  return offset === 6
    ? "ids have 6 characters"
    : "ids have only digits and lower-case letters, without 0 1 i l o u";
}

function refusal(input: string, offset: number, reason: string): ValueError {
  return new ValueError({ kind: "job", input, offset, reason, accepted: ACCEPTED });
}
