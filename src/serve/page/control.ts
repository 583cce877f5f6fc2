/// <reference lib="dom" />
/** Controls: a choice of few, chips with counts, a field to filter, a command to copy. */
import { Component, type VNode } from "preact";
import { html, type Markup } from "./dom.ts";
import { visible } from "./text.ts";

const COPIED_MS = 1500;

/** One of few. */
export interface Option<T extends string> {
  readonly value: T;
  readonly label: Markup;
  readonly count?: number;
}

/** What may be chosen, and what is. */
export interface Choice<T extends string> {
  readonly label: string;
  readonly options: readonly Option<T>[];
  readonly value: T;
  readonly onChange: (value: T) => void;
}

/** One of few, side by side in one frame. */
export function segmented<T extends string>(choice: Choice<T>): VNode {
  const buttons = choice.options.map((option) => button(choice, option, null));
  return html`
    <div class="segmented" role="group" aria-label="${choice.label}">${buttons}</div>
  `;
}

/** One of several, each with the number of what it would show. */
export function chips<T extends string>(choice: Choice<T>): VNode {
  const buttons = choice.options.map((option) => button(choice, option, "chip"));
  return html`
    <div class="chips" role="group" aria-label="${choice.label}">${buttons}</div>
  `;
}

function button<T extends string>(
  { value, onChange }: Choice<T>,
  option: Option<T>,
  look: string | null,
): VNode {
  const choose = () => onChange(option.value);
  const count = option.count !== undefined && html`
    <span class="count">${option.count}</span>
  `;
  const words = [option.label, count];
  return html`
    <button class="${look}" aria-pressed="${option.value === value}" onClick="${choose}">${words}</button>
  `;
}

/** The one filter of a view: the key `/` goes to it. */
export function field(
  { label, hint, value, onInput }: {
    label: string;
    hint: string;
    value: string;
    onInput: (value: string) => void;
  },
): VNode {
  const read = (event: Event) => onInput((event.currentTarget as HTMLInputElement).value);
  const props = {
    id: "filter",
    placeholder: hint,
    value,
    onInput: read,
    autocomplete: "off",
    spellcheck: false,
  };
  return html`
    <label class="field"><span class="sr">${label}</span><input ...${props} /><kbd class="w-md"
      >/</kbd></label>
  `;
}

/** A command line with a button that copies it. */
export class Command extends Component<{ line: string }, { isCopied: boolean }> {
  override state = { isCopied: false };

  readonly #copy = async () => {
    await navigator.clipboard?.writeText(this.props.line).catch(() => {});
    this.setState({ isCopied: true });
    setTimeout(() => this.setState({ isCopied: false }), COPIED_MS);
  };

  render(): VNode {
    const word = this.state.isCopied ? "Copied" : "Copy";
    const code = html`
      <code tabindex="0">${visible(this.props.line)}</code>
    `;
    const button = html`
      <button class="btn quiet" onClick="${this.#copy}">${word}</button>
    `;
    return html`
      <div class="command">${[code, button]}</div>
    `;
  }
}
