/// <reference lib="dom" />
/** Dialogs: what a change will do, in figures that are asked for when it opens, and the same as a command. */
import { Component, createRef, type VNode } from "preact";
import type { Effect, LiveRow, Verb } from "../feed.ts";
import { segmented } from "./control.ts";
import { html, type Markup } from "./dom.ts";
import { limitText } from "./format.ts";
import { consequences, KILL_LABELS, questionOf, WORDS } from "./effect_words.ts";
import { KEY_HELP } from "./keys.ts";
import type { Page } from "./page.ts";
import { change, effect } from "./request.ts";
import { visible } from "./text.ts";

/** An element of its own, so that it is open for as long as it is there. */
class Modal extends Component<{ onClose: () => void; label: string; children?: Markup }> {
  readonly #box = createRef<HTMLDialogElement>();

  override componentDidMount(): void {
    this.#box.current!.showModal();
    this.#focus();
  }

  override componentDidUpdate(): void {
    if (document.activeElement === document.body) this.#focus();
  }

  #focus(): void {
    this.#box.current!.querySelector<HTMLElement>("[data-focus]")?.focus();
  }

  render(): VNode {
    const { onClose, label, children } = this.props;
    const outside = (event: MouseEvent) => event.target === this.#box.current && onClose();
    return html`
      <dialog ref="${this.#box}" aria-label="${label}" onClose="${onClose}" onClick="${outside}">
        <div class="dialog">${children}</div>
      </dialog>
    `;
  }
}

/** As for every dialog. */
export interface KeysProps {
  readonly onClose: () => void;
}

/** The list of keys. */
export function KeysDialog({ onClose }: KeysProps): VNode {
  const rows = KEY_HELP.map(([keys, does]) => {
    const shown = keys.map((key) => [
      html`
        <kbd>${key}</kbd>
      `,
      " ",
    ]);
    return [
      html`
        <span>${shown}</span>
      `,
      html`
        <span>${does}</span>
      `,
    ];
  });
  const close = html`
    <button class="btn" data-focus onClick="${onClose}">Close</button>
  `;
  const parts = [
    html`
      <h2>Keys</h2>
    `,
    html`
      <div class="keys">${rows}</div>
    `,
    html`
      <div class="dialog-acts">${close}</div>
    `,
  ];
  return html`
    <${Modal} label="Keys" onClose="${onClose}" children="${parts}" />
  `;
}

/** What is to be done to which job. */
export interface ChangeProps {
  readonly page: Page;
  readonly verb: Verb;
  readonly jobId: string;
  readonly onClose: () => void;
}

interface State {
  readonly effect: Effect | null;
  readonly value: string | null;
  readonly problem: string | null;
  readonly said: string | null;
  readonly isBusy: boolean;
}

/** The first is what `corral kill` does by itself. */
const KILLS = ["orderly", "now"];
const TIMES = ["+30m", "+1h", "+4h", "+12h"];
/** More memory: by these factors. */
const MORE = [1.125, 1.25, 1.5];

/** Asks, does, and shows the answer until it is closed. */
export class ChangeDialog extends Component<ChangeProps, State> {
  override state: State = { effect: null, value: null, problem: null, said: null, isBusy: false };

  override componentDidMount(): void {
    const { jobId, verb } = this.props;
    effect(jobId, verb).then((effect) => this.setState({ effect }), this.#fail);
  }

  readonly #fail = (error: Error) => this.setState({ problem: error.message, isBusy: false });

  #row(): LiveRow | null {
    return this.props.page.state.jobs.get(this.props.jobId) ?? null;
  }

  #values(): string[] {
    const { verb } = this.props;
    if (verb === "set-timeout") return TIMES;
    if (verb === "kill") return KILLS;
    const limit = this.#row()?.memoryMaxBytes ?? null;
    return verb === "set-memory" && limit !== null ? memoryValues(limit) : [];
  }

  #value(): string | null {
    const values = this.#values();
    const usual = this.props.verb === "kill" ? 0 : 1;
    return this.state.value ?? values[usual] ?? values[0] ?? null;
  }

  readonly #do = async () => {
    const { jobId, verb } = this.props;
    const value = this.#value();
    this.setState({ isBusy: true, problem: null });
    await change({ jobId, verb, ...(value === null ? {} : { value }) }).then(
      (said) => this.setState({ said, isBusy: false }),
      this.#fail,
    );
  };

  render(): VNode {
    const { page, verb, jobId, onClose } = this.props;
    const { problem, said } = this.state;
    const question = questionOf(verb, this.#row()?.name ?? nameIn(page, jobId));
    const body = said !== null
      ? html`
        <p role="status">${visible(said)}</p>
      `
      : [this.#effect(), this.#choice()];
    const alarm = problem !== null && html`
      <p class="problem" role="alert">${visible(problem)}</p>
    `;
    const parts = [
      html`
        <h2>${question}</h2>
      `,
      body,
      alarm,
      this.#buttons(),
    ];
    return html`
      <${Modal} label="${WORDS[verb].title}" onClose="${onClose}" children="${parts}" />
    `;
  }

  #effect(): Markup {
    const { page, verb, jobId } = this.props;
    const { effect, problem } = this.state;
    if (effect !== null) {
      return consequences({ page, verb, jobId, effect, row: this.#row(), value: this.#value() });
    }
    return problem === null && html`
      <p class="t2">Asking what it would do…</p>
    `;
  }

  #choice(): VNode | null {
    const values = this.#values();
    if (values.length === 0) return null;
    return segmented({
      ...{
        label: this.props.verb === "kill" ? "How" : "How much",
        options: values.map((value) => ({ value, label: KILL_LABELS[value] ?? value })),
        value: this.#value()!,
      },
      onChange: (value) => this.setState({ value }),
    });
  }

  #buttons(): VNode {
    const { verb, onClose } = this.props;
    const { effect, said, isBusy } = this.state;
    if (said !== null) {
      return html`
        <div class="dialog-acts"><button class="btn" data-focus onClick="${onClose}">Close</button></div>
      `;
    }
    const { isDeadly } = WORDS[verb];
    return html`
      <div class="dialog-acts">
        <code class="as">${this.#command()}</code><button class="btn" data-focus="${isDeadly ||
          undefined}" onClick="${onClose}">
          Leave it
        </button>
        <button class="${isDeadly ? "btn solid" : "btn prime"}" data-focus="${isDeadly
          ? undefined
          : true}" disabled="${isBusy || effect === null}" onClick="${this.#do}">
          ${WORDS[verb].button(effect, this.#value())}
        </button>
      </div>
    `;
  }

  #command(): string {
    const { verb, jobId } = this.props;
    const value = this.#value();
    if (verb === "set-timeout") return `corral set ${jobId} --timeout ${value}`;
    if (verb === "set-memory") return `corral set ${jobId} --memory ${value}`;
    if (verb === "kill" && value === "now") return `corral kill ${jobId} --now`;
    return this.state.effect?.command ?? `corral ${verb} ${jobId}`;
  }
}

/** Whole numbers of the unit of the limit, each larger than the one before. */
export function memoryValues(limitBytes: number): string[] {
  const text = limitText(limitBytes);
  const number = parseFloat(text);
  const values = MORE.map((factor, index) =>
    Math.max(Math.floor(number) + 1 + index, Math.round(number * factor))
  );
  return values.map((value) => `${value}${text.slice(-1)}`);
}

function nameIn({ state: { detail } }: Page, jobId: string): string {
  return (detail?.id === jobId ? detail.live ?? detail.queued : null)?.name ?? jobId;
}
