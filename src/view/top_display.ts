/** Where `corral top` shows its tables: on a screen that is redrawn, or below each other in a pipe or file. */
import type { Terminal } from "../linux/output.ts";
import type { Screen, ScreenEvent } from "../linux/terminal.ts";
import type { LiveJob } from "../job/live_job.ts";
import { renderFrame } from "./frame.ts";
import { inOrder, LIVE_COLUMNS, liveCells, liveHeader } from "./ps.ts";
import { tableLines } from "./table.ts";
import { HELP, type View } from "./top.ts";
import type { Moment } from "../job/events.ts";

/** The jobs of one refresh. */
export interface Snapshot {
  readonly host: string;
  readonly at: Moment;
  readonly live: readonly LiveJob[];
  /** Rows of the store that cannot be read as jobs. */
  readonly damaged: number;
}

/** What the loop of `corral top` needs. */
export interface Display {
  /** What happens within `capMs`, if anything. */
  next(capMs: number): Promise<ScreenEvent | null>;
  /** False once the reader has gone. */
  show(snapshot: Snapshot, view: View): Promise<boolean>;
}

/** The whole of it as plain text. */
export async function plainTable(
  context: Pick<Terminal, "stdout" | "colour">,
  snapshot: Snapshot,
  view: View,
): Promise<string> {
  const { header, cells } = partsOf(snapshot, view);
  const { widthColumns } = context.stdout;
  const lines = await tableLines(LIVE_COLUMNS, cells, { widthColumns, colour: context.colour });
  return `${header}\n${[...lines].join("")}`;
}

/** One table after another, an empty line between them. */
export class Listing implements Display {
  #separator = "";

  constructor(readonly context: Pick<Terminal, "stdout" | "colour"> & { pause(ms: number): Promise<void> }) {}

  async next(capMs: number): Promise<null> {
    await this.context.pause(capMs);
    return null;
  }

  async show(snapshot: Snapshot, view: View): Promise<boolean> {
    const text = this.#separator + await plainTable(this.context, snapshot, view);
    this.#separator = "\n";
    return this.context.stdout.write(text);
  }
}

/** In place, as much as the terminal has room for. */
export class Redrawn implements Display {
  constructor(readonly screen: Screen, readonly colour: boolean) {}

  next(capMs: number): Promise<ScreenEvent | null> {
    return this.screen.next(capMs);
  }

  async show(snapshot: Snapshot, view: View): Promise<boolean> {
    const { header, cells } = partsOf(snapshot, view);
    const hint = this.screen.hasKeys && !view.showsHelp ? "  h help" : "";
    const head = [header + hint, ...(view.showsHelp ? [HELP] : [])];
    const parts = { head, columns: LIVE_COLUMNS, rows: cells };
    return this.screen.draw(await renderFrame(parts, { size: this.screen.size(), colour: this.colour }));
  }
}

function partsOf({ host, at, live, damaged }: Snapshot, { order }: View) {
  return {
    header: liveHeader(live, { host, wallMs: at.wallMs, damaged, order }),
    cells: liveCells(inOrder(live, order, at), at),
  };
}
