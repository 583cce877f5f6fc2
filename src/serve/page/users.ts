/// <reference lib="dom" />
/** What each user took of the node in the time that is shown: most CPU first. */
import type { VNode } from "preact";
import type { EndedPage } from "../feed.ts";
import { bar } from "./bar.ts";
import { html } from "./dom.ts";
import { cpuHours } from "./format.ts";
import { name } from "./text.ts";

const SHOWN = 8;
const GIB_HOUR = 1024 ** 3 * 3600;

/** Nothing where there is but one user: the list below says it all. */
export function byUser({ byUser: users }: EndedPage): VNode | null {
  if (users.length < 2) return null;
  const most = [...users].sort((a, b) => b.cpuUsageUsec - a.cpuUsageUsec);
  const top = Math.max(1, most[0]!.cpuUsageUsec);
  return html`
    <section class="panel pad users" aria-label="By user">${most.slice(0, SHOWN).map((user) =>
      html`
        <div key="${user.user}">
          <div class="lab"><b>${name(user.user)}</b><span>${user.jobs} ${user.jobs === 1
            ? "job"
            : "jobs"}</span></div>${bar(user.cpuUsageUsec, top, {
              harmless: true,
              noMark: true,
            })}<div class="lab sm">
            <span>${cpuHours(user.cpuUsageUsec)} core hours</span><span>${memoryHours(
              user.memoryByteSeconds,
            )}</span>
          </div>
        </div>
      `
    )}</section>
  `;
}

function memoryHours(byteSeconds: number): string {
  const hours = byteSeconds / GIB_HOUR;
  return `${hours >= 100 ? hours.toFixed(0) : hours.toFixed(1)} G hours`;
}
