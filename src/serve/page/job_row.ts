/// <reference lib="dom" />
/** A live job in the table: a row, or a card on a narrow page. */
import { Component, type VNode } from "preact";
import type { LiveRow } from "../feed.ts";
import { bar } from "./bar.ts";
import { spark } from "./bar.ts";
import { classes, html, type Markup } from "./dom.ts";
import { bytes, duration, UNKNOWN } from "./format.ts";
import { icon } from "./icon.ts";
import { diskRate, isNearMemory, isSoonOver } from "./order.ts";
import { coresOf, name, plain, refOf, sizeOf, stateWord } from "./text.ts";

interface Props {
  readonly row: LiveRow;
  /** As coarse as what the row shows: see `rowClock()`. */
  readonly nowMs: number;
}

const MINUTE_MS = 60_000;

/** Full minutes for a row that shows no seconds, so that it is not built anew each second. */
export function rowClock({ startedMs, deadlineMs, stateNote }: LiveRow, nowMs: number): number {
  const isYoung = startedMs !== null && nowMs - startedMs < MINUTE_MS;
  const isLast = deadlineMs !== null && Math.abs(deadlineMs - nowMs) < 6 * MINUTE_MS;
  return isYoung || isLast || stateNote?.untilMs != null ? nowMs : Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
}

/** Built anew only when what it shows has changed. */
export class JobRow extends Component<Props> {
  override shouldComponentUpdate({ row, nowMs }: Props): boolean {
    return row !== this.props.row || nowMs !== this.props.nowMs;
  }

  render(): VNode {
    const { row, nowMs } = this.props;
    const href = `#/job/${encodeURIComponent(row.id)}`;
    return html`
      <tr data-href="${href}" class="${classes(row.asOfMs !== null && "old")}">
        <td class="b1">${stateWord(row.state)}${note(row)}</td>
        <td class="a1"><a href="${href}" title="${plain(row.name)}"><b>${name(row.name)}</b></a>${refOf(
          row.ref,
        )}</td>
        <td class="b2">${name(row.user)}</td>
        <td class="w-lg t2">${row.pool && name(row.pool)}</td>${memory(row)}<td class="w-lg">${spark(
          row.spark,
        )}</td>${cpu(row)}<td
          class="w-xl num"
        >
          ${disk(row)}
        </td>
        <td class="w-lg num">${row.processes ?? UNKNOWN}</td>
        <td class="w-lg num">${row.startedMs === null ? UNKNOWN : duration(nowMs - row.startedMs)}</td>${left(
          row,
          nowMs,
        )}
      </tr>
    `;
  }
}

function note({ stateNote }: LiveRow): Markup {
  return stateNote !== null && html`
    <span class="note t3">${stateNote.text}</span>
  `;
}

function memory(row: LiveRow): VNode {
  const { memoryBytes, memoryMaxBytes, memoryHighBytes } = row;
  return html`
    <td class="c">
      <div class="use" data-label="mem">${bar(memoryBytes, memoryMaxBytes, {
        high: memoryHighBytes,
      })}<span class="num">${isNearMemory(row) && icon("triangle", "att")} ${sizeOf(
        memoryBytes,
        memoryMaxBytes,
      )}</span></div>
    </td>
  `;
}

function cpu({ cpuCores, cpuMaxCores }: LiveRow): VNode {
  return html`
    <td class="c">
      <div class="use short" data-label="CPU">${bar(cpuCores, cpuMaxCores, {
        harmless: true,
      })}<span class="num">${coresOf(cpuCores, cpuMaxCores)}</span></div>
    </td>
  `;
}

function disk(row: LiveRow): string {
  const rate = diskRate(row);
  return rate === null ? UNKNOWN : rate === 0 ? "0" : `${bytes(rate)}/s`;
}

function left(row: LiveRow, nowMs: number): VNode {
  const { deadlineMs } = row;
  const isSoon = isSoonOver(row, nowMs);
  const text = deadlineMs === null
    ? html`
      <span class="t3">no limit</span>
    `
    : deadlineMs <= nowMs
    ? "over"
    : duration(deadlineMs - nowMs);
  return html`
    <td class="${classes("a2 num", isSoon && "att")}">${isSoon && icon("triangle", "att")} ${text}</td>
  `;
}
