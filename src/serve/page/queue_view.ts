/// <reference lib="dom" />
/** Pools and what waits for them, and why. */
import type { VNode } from "preact";
import type { NodeRoom, PoolRow, QueuedRow } from "../feed.ts";
import { reservedBar } from "./bar.ts";
import { Command } from "./control.ts";
import { html, type Markup } from "./dom.ts";
import { brief, briefNumber, coreLimit, duration, limitText, ofLimit, percent } from "./format.ts";
import { icon } from "./icon.ts";
import type { Page } from "./page.ts";
import { name, plain, refOf, sentence } from "./text.ts";

/** The room of the node, each pool, and the queue in its order. */
export function queueView(page: Page): VNode {
  const { pools, room } = page.node;
  return html`
    <h1 class="sr">Queue and pools</h1><section class="sec" aria-label="Pools">
      <header><h2>Pools</h2>${legend()}</header>
      <div class="pools">${room !== null && roomPanel(page, room)}${pools.map((pool) =>
        poolPanel(pool)
      )}</div>${pools.length === 0 && noPools(page)}
    </section>${queue(page)}
  `;
}

function legend(): VNode {
  return html`
    <div class="legend sm t2">
      <span><i class="swatch used"></i>used now</span><span><i class="swatch reserve"></i>reserved by
        limits</span><span><i class="swatch tick"></i>limit</span>
      </div>
    `;
  }

  function noPools({ node }: Page): VNode | null {
    if (node.queue.length > 0) return null;
    return html`
      <div class="panel empty">
        <p><b>No pool is set up.</b></p>
        <p>
          A pool is a share of the node that starts jobs one after another, when there is room for their limits.
        </p><${Command} line="corral pool set NAME --memory 64G --cpus 24" />
      </div>
    `;
  }

  interface Meter {
    readonly label: string;
    readonly words: Markup;
    readonly used: number | null;
    readonly reserved: number;
    readonly limit: number | null;
    readonly markAt?: number;
  }

  function meter({ label, words, ...figures }: Meter): VNode {
    return html`
      <div class="lab"><span>${label}</span><span>${words}</span></div>${reservedBar(figures)}
    `;
  }

  function roomPanel({ node }: Page, room: NodeRoom): VNode {
    const { totalBytes, availableBytes, promisedBytes, reserveBytes, freeBytes, pressureLimitPercent } = room;
    const used = totalBytes - availableBytes;
    const [now, promised] = [ofLimit(used, totalBytes), ofLimit(promisedBytes, totalBytes)];
    return html`
      <section class="panel pad pool" aria-label="The node">
        <header><h2>the node</h2><span class="t2">room for <b>${brief(freeBytes)}</b></span></header>${meter({
          ...{ label: "memory", used, reserved: used + promisedBytes, limit: totalBytes },
          markAt: 1 - reserveBytes / totalBytes,
          words: html`
            <b>${briefNumber(now.used)}</b> used, <b>${briefNumber(promised.used)}</b> promised, of ${now
              .limit}
          `,
        })}<p>
          Promised is what running jobs may still take up to their limits. ${brief(
            reserveBytes,
          )} right of the mark is kept
          back.
        </p>${pressureLimitPercent !== null &&
          html`
            <p>Memory pressure is ${percent(
              node.readouts.pressure.memory,
            )} %; above ${pressureLimitPercent} % no job starts.</p>
          `}
      </section>
    `;
  }

  function poolPanel(pool: PoolRow): VNode {
    const { memory, cpu, jobs, jobsMax } = pool;
    return html`
      <section class="panel pad pool" aria-label="${`Pool ${plain(pool.name)}`}">
        <header><h2>${name(pool.name)}</h2>${poolNote(pool)}</header>${meter({
          ...{ label: "jobs", used: jobs, reserved: 0, limit: jobsMax },
          words: html`
            <b>${jobs}</b>${jobsMax === null ? " live, no limit" : ` of ${jobsMax}`}
          `,
        })}${meter({
          ...{
            label: "memory",
            used: memory.usedBytes,
            reserved: memory.reservedBytes,
            limit: memory.limitBytes,
          },
          words: memoryWords(memory),
        })}${meter({
          ...{ label: "CPU", used: cpu.usedCores, reserved: cpu.reservedCores, limit: cpu.limitCores },
          words: html`
            <b>${cpu.usedCores === null
              ? "-"
              : coreLimit(Number(cpu.usedCores.toFixed(1)))}</b> used, <b>${coreLimit(
                cpu.reservedCores,
              )}</b> reserved, ${cpu.limitCores === null ? "no limit" : `of ${coreLimit(cpu.limitCores)}`}
          `,
        })}
      </section>
    `;
  }

  function memoryWords({ usedBytes, reservedBytes, limitBytes }: PoolRow["memory"]): Markup {
    if (limitBytes === null) {
      return html`
        <b>${brief(usedBytes)}</b> used, <b>${brief(reservedBytes)}</b> reserved, no limit
      `;
    }
    const trimmed = (value: number) => briefNumber(ofLimit(value, limitBytes).used);
    return html`
      <b>${usedBytes === null ? "-" : trimmed(usedBytes)}</b> used, <b>${trimmed(
        reservedBytes,
      )}</b> reserved, of ${limitText(limitBytes)}
    `;
  }

  function poolNote({ isDrained, queued }: PoolRow): VNode {
    if (isDrained) {
      return html`
        <span class="att nw">${icon("pause", "att")} drained: starts nothing</span>
      `;
    }
    return html`
      <span class="t2">${queued > 0 ? `${queued} queued` : "no job waits"}</span>
    `;
  }

  function queue(page: Page): VNode {
    const rows = page.node.queue;
    return html`
      <section class="sec" aria-label="Queue">
        <header>
          <h2>Queue</h2><span class="t2 sm"
          >order in each pool: priority, then the user with least reserved, then age</span>
        </header>${rows.length === 0
          ? html`
            <div class="panel empty">
              <p><b>No job waits.</b></p>
              <p>A job waits when it names a pool that has no room for its limits.</p><${Command}
                line="corral run --pool NAME --memory 8G --cpus 4 -- sleep 60"
              />
            </div>
          `
          : html`
            <div class="panel clip">
              <table class="cards two queue">
                <colgroup>
                  <col class="k-place" /><col class="k-job" /><col class="k-user" /><col class="k-pool" /><col
                    class="w-lg k-prio"
                  /><col class="w-lg k-needs" /><col class="k-waits" /><col />
                </colgroup>
                <thead>
                  <tr>
                    <th class="num">#</th>
                    <th>Name and ref</th>
                    <th>User</th>
                    <th>Pool</th>
                    <th class="w-lg num">Priority</th>
                    <th class="w-lg">Needs</th>
                    <th class="num">Waits</th>
                    <th>For what</th>
                  </tr>
                </thead>
                <tbody>${rows.map((row) => queueRow(page, row))}</tbody>
              </table>
            </div>
          `}
      </section>
    `;
  }

  function queueRow(page: Page, row: QueuedRow): VNode {
    const href = `#/job/${encodeURIComponent(row.id)}`;
    return html`
      <tr key="${row.id}" data-href="${href}">
        <td class="hide num t3">${row.position}</td>
        <td class="a1"><a href="${href}" title="${plain(row.name)}"><b>${name(row.name)}</b></a>${refOf(
          row.ref,
        )}</td>
        <td class="b2">${name(row.user)}</td>
        <td class="b1">${name(row.pool)}</td>
        <td class="w-lg num">${row.priority}</td>
        <td class="w-lg">${needs(row)}</td>
        <td class="a2 num">${duration(page.nowMs - row.queuedMs)}</td>
        <td class="c why">${sentence(row.text, page.act)}${starts(page, row)}</td>
      </tr>
    `;
  }

  function needs({ needs: { memoryBytes, cpus } }: QueuedRow): string {
    const wanted = [
      memoryBytes !== null && limitText(memoryBytes),
      cpus !== null && `${coreLimit(cpus)} CPU`,
    ];
    return wanted.filter(Boolean).join(", ") || "-";
  }

  function starts({ clock, nowMs }: Page, { startsBy }: QueuedRow): Markup {
    if (startsBy === null) return null;
    const { afterId, atMs } = startsBy;
    const after = afterId !== null && [
      " after ",
      html`
        <a href="${`#/job/${afterId}`}">${afterId}</a>
      `,
    ];
    const latest = atMs !== null &&
      `${afterId === null ? " at " : ", "}${clock.short(atMs, nowMs)} at the latest`;
    return [
      " ",
      html`
        <span class="t3">Starts${after}${latest}.</span>
      `,
    ];
  }
