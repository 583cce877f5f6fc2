/** What the checks of a job's health found, as the page shows it. Pure. */
import { healthOf, healthSigns } from "../health/words.ts";
import type { JobHealth as Found } from "../job/health.ts";
import { STRIKES } from "../job/health.ts";
import type { Moment } from "../job/events.ts";
import type { Job } from "../job/job.ts";
import { formatDuration } from "../value/duration.ts";
import type { JobHealth } from "./context.ts";
import type { JobDetail, Part } from "./feed.ts";

type Now = Pick<Moment, "wallMs" | "bootMs">;

/** Null for a job that is well, or of which that is not known. `pageId` is its id on the page. */
export function healthShown(job: Job, pageId: string, now: Now): JobHealth | null {
  const found = healthOf(job, now);
  if (found === null || found.verdict === "well" || found.verdict === "unknown") return null;
  const isIdle = found.check === "idle";
  const { name, user } = job.spec;
  return {
    // The state says that it is idle; the note, for how long.
    sign: { isIdle, text: isIdle ? found.text.replace(/^idle /, "") : found.text },
    finding: {
      kind: isIdle ? "idle" : "unhealthy",
      severity: found.verdict === "ill" && !isIdle ? "bad" : "attention",
      sinceMs: found.sinceMs,
      text: [{ jobId: pageId, name }, { text: ` of ${user}: ` }, { text: whatOf(found), strong: true }],
      remedy: [...remedyOf(job, found), { text: " Ask its user, or " }, {
        action: "kill",
        jobId: pageId,
        text: "kill it",
      }, { text: "." }],
      value: isIdle || found.sinceMs === null
        ? found.text
        : `for ${formatDuration(Math.max(0, now.wallMs - found.sinceMs))}`,
    },
  };
}

function whatOf({ check, text }: Found): string {
  switch (check) {
    case "idle":
      return "it looks hung: no CPU, no disk, no new output";
    case "heartbeat":
      return text;
    case "health-command":
      return `its health command calls it ${text}`;
  }
}

/** What follows, and what the check cannot see. */
function remedyOf({ spec: { health } }: Job, { check }: Found): Part[] {
  switch (check) {
    case "idle": {
      const { afterMs, action } = health?.idle ?? { afterMs: 0, action: "report" };
      const then = action === "kill" ? "ends it" : "reports it and leaves it alone";
      return [
        { text: `At ${formatDuration(afterMs)} corral ${then} (` },
        { flag: `--idle-action ${action}` },
        { text: "). A job that only waits for the network looks the same." },
      ];
    }
    case "heartbeat":
      return [{
        text: `A beat is due every ${
          formatDuration(health?.heartbeat?.withinMs ?? 0)
        }; without one corral ends it.`,
      }];
    case "health-command":
      return [{ text: `${STRIKES} such answers in a row, and corral ends it.` }];
  }
}

const KEYS = { heartbeat: "heartbeat", "health-command": "health" } as const;

/** The signs that the job is asked for; the idle check has its own in CPU, IO and output. */
export function askedSigns(job: Job, now: Now): JobDetail["signs"] {
  return healthSigns(job, now).flatMap(({ check, sinceMs, verdict, text }) =>
    check === "idle"
      ? []
      : [{ key: KEYS[check], lastMs: sinceMs, dueMs: dueMs(job, check, sinceMs), verdict, text }]
  );
}

function dueMs({ spec: { health } }: Job, check: keyof typeof KEYS, sinceMs: number | null): number | null {
  const everyMs = check === "heartbeat" ? health?.heartbeat?.withinMs : health?.command?.everyMs;
  return sinceMs === null || everyMs === undefined ? null : sinceMs + everyMs;
}
