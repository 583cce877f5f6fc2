/** Where `corral top` shows its tables: on a screen that is redrawn, or below each other in a pipe or file. */
import type { Terminal } from "../linux/output.ts";
import type { Screen, ScreenEvent } from "../linux/terminal.ts";
import type { LiveJob } from "../job/live_job.ts";
import { changedLines, drawnLines, type FrameSize, wholeFrame } from "./frame.ts";
import { heldColumns, inOrder, LIVE_COLUMNS, liveCells, type LiveColumn, liveHeader } from "./ps.ts";
import { tableLines } from "./table.ts";
import { HELP_LINES, type View } from "./top.ts";
import { promptLine } from "./top_prompt.ts";
import { printable, quoted } from "../base/text.ts";
import type { Job } from "../job/job.ts";
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
  const { header, columns, cells } = partsOf(snapshot, view);
  const { widthColumns } = context.stdout;
  const lines = await tableLines(columns, cells, { widthColumns, colour: context.colour });
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

/** In place, as much as the terminal has room for; of what stands there already nothing is written again. */
export class Redrawn implements Display {
  #shown: { size: FrameSize; lines: readonly string[] } | null = null;

  constructor(readonly screen: Screen, readonly colour: boolean) {}

  async next(capMs: number): Promise<ScreenEvent | null> {
    const event = await this.screen.next(capMs);
    if (event?.kind === "redraw" || event?.kind === "key" && WHOLE_KEYS.includes(event.key)) {
      this.#shown = null;
    }
    return event;
  }

  async show(snapshot: Snapshot, view: View): Promise<boolean> {
    const { header, columns, cells } = partsOf(snapshot, view);
    const hint = this.screen.hasKeys && !view.showsHelp ? "  h help" : "";
    const said = view.prompt === null ? view.note : promptLine(view.prompt);
    const head = [header + hint, ...(view.showsHelp ? HELP_LINES : []), ...(said === "" ? [] : [said])];
    const size = this.screen.size();
    const lines = await drawnLines({ head, columns, rows: cells }, { size, colour: this.colour });
    const before = this.#shown;
    const isSameSize = before?.size.columns === size.columns && before.size.rows === size.rows;
    this.#shown = { size, lines };
    return this.screen.draw(
      before !== null && isSameSize ? changedLines(before.lines, lines) : wholeFrame(lines, size),
    );
  }
}

/** What else was written to the terminal, by write(1) for one, goes by them. */
const WHOLE_KEYS = [" ", "\x0c"];

/** The command line last, where there is room for it. */
const COMMAND_COLUMNS: readonly LiveColumn[] = [
  ...LIVE_COLUMNS.filter(({ key }) => ["id", "user", "state", "cpu%", "mem"].includes(key)),
  {
    key: "command",
    title: "command",
    align: "left",
    shrink: true,
    isKept: true,
    read: ({ job }) => commandOf(job),
    show: String,
  } as LiveColumn,
];

function partsOf({ host, at, live, damaged }: Snapshot, { order, showsCommand, filter, user }: View) {
  const chosen = live.filter(({ job }) => isChosen(job, { filter, user }));
  const choice = [
    ...(user === null ? [] : [`user ${printable(user)}`]),
    ...(filter === "" ? [] : [`with ${quoted(filter)}`]),
  ];
  const columns = heldColumns(showsCommand ? COMMAND_COLUMNS : LIVE_COLUMNS, chosen, at);
  return {
    header: [liveHeader(chosen, { host, wallMs: at.wallMs, damaged, order }), ...choice].join("  "),
    columns,
    cells: liveCells(inOrder(chosen, order, at), at, columns),
  };
}

function isChosen(job: Job, { filter, user }: Pick<View, "filter" | "user">): boolean {
  const { id, name, ref, uid, user: owner } = job.spec;
  if (user !== null && owner !== user && String(uid) !== user) return false;
  const wanted = filter.toLowerCase();
  return [id, name, ref ?? "", owner, commandOf(job)].some((text) => text.toLowerCase().includes(wanted));
}

function commandOf({ spec }: Job): string {
  return spec.argv.join(" ");
}
