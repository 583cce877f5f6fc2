/// <reference lib="dom" />
/** The processes of a job, parents first, like ones as one row. */
import type { VNode } from "preact";
import type { JobDetail } from "../feed.ts";
import { classes, html } from "./dom.ts";
import { bytes, duration, UNKNOWN } from "./format.ts";
import { plain, visible } from "./text.ts";

type Row = JobDetail["tree"][number];

/** Null for a job without processes. */
export function tree(detail: JobDetail): VNode | null {
  if (detail.tree.length === 0) return null;
  const isOver = detail.ended !== null;
  const count = detail.tree.reduce((sum, { count }) => sum + count, 0) + detail.treeCut;
  const lines = branches(detail.tree.map(({ depth }) => depth));
  return html`
    <section class="sec o5" aria-label="Processes">
      <header><h2>${isOver
        ? "Processes at the end"
        : "Processes"}</h2><span class="t3">${count}</span></header>
      <div class="panel clip sideways">
        <table class="tree">
          <colgroup>
            <col class="k-pid" /><col class="k-st" /><col class="k-pcpu" /><col class="k-rss" /><col
              class="w-md k-rss"
            /><col />
          </colgroup>
          <thead>
            <tr>
              <th class="num">Pid</th>
              <th>St</th>
              <th class="num">CPU%</th>
              <th class="num">Mem</th>
              <th class="w-md num">Age</th>
              <th>Command</th>
            </tr>
          </thead>
          <tbody>${detail.tree.map((row, index) => processRow(row, lines[index]!))}${detail.treeCut > 0 &&
            html`
              <tr>
                <td colspan="5" class="w-md"></td>
                <td class="t3">and ${detail.treeCut} more</td>
              </tr>
            `}</tbody>
        </table>
      </div>
    </section>
  `;
}

function processRow(row: Row, line: string): VNode {
  const { pid, state, wchan, cpuPercent, rssBytes, ageMs, command, count } = row;
  return html`
    <tr key="${pid}">
      <td class="num t2">${pid}</td>
      <td class="${classes(state.startsWith("D") && "att")}">${state}</td>
      <td class="num">${cpuPercent === null ? UNKNOWN : cpuPercent.toFixed(0)}</td>
      <td class="num">${bytes(rssBytes)}</td>
      <td class="w-md num t2">${duration(ageMs)}</td>
      <td class="pre" title="${plain(command)}">
        <span class="t3">${line}</span><bdi>${visible(command)}</bdi>${count > 1 &&
          ` × ${count}`}${wchan !== null && [
          " ",
          html`
            <span class="${state.startsWith("D") ? "att" : "t3"}">${visible(wchan)}</span>
          `,
        ]}
      </td>
    </tr>
  `;
}

/** `├─ ` and `└─ ` of each depth, parents first: a row is the last child when no later one of its depth has the same parent. */
export function branches(depths: readonly number[]): string[] {
  const goesOn = (index: number, depth: number) => {
    const later = depths.slice(index + 1).find((other) => other <= depth);
    return later === depth;
  };
  return depths.map((depth, index) => {
    const above = Array.from(
      { length: Math.max(0, depth - 1) },
      (_, level) => goesOn(index, level + 1) ? "│  " : "   ",
    );
    return depth === 0 ? "" : above.join("") + (goesOn(index, depth) ? "├─ " : "└─ ");
  });
}
