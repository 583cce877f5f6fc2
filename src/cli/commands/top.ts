/** `corral top`: the table of `corral ps`, refreshed. */
import { Command } from "@commander-js/extra-typings";
import { wordOption } from "../choice_option.ts";
import type { Invoke } from "../verb.ts";
import type { Context } from "../context.ts";
import type { Job } from "../../job/job.ts";
import type { JobStore } from "../../store/jobs.ts";
import { parserFor, ValueError } from "../../base/errors.ts";
import { parseRefreshes } from "../../value/count.ts";
import { parseDurationMs } from "../../value/duration.ts";
import { chooseOrder } from "../../view/choose_columns.ts";
import { LIVE_COLUMNS } from "../../view/ps.ts";
import { DEFAULT_SORT, firstView } from "../../view/top.ts";
import { type Display, Listing, plainTable, Redrawn } from "../../view/top_display.ts";
import { seesEverybody } from "../in_sight.ts";
import { endFromTop } from "../top_end.ts";
import { UsersLive } from "../../observe/users_live.ts";
import { MIN_INTERVAL_MS, Refreshing, type TopOptions } from "../top_refreshing.ts";

const DEFAULT_INTERVAL_MS = 2_000;

/** The sub-command, wired to `invoke`. */
export function topVerb(invoke: Invoke) {
  const top = new Command("top")
    .description(
      "Shows the same table as ps again and again, below a line with sums. cpu% is the use since the table before, of one core. On a " +
        "terminal, h lists the keys, q quits; elsewhere one table follows the other.",
    )
    .option(
      "-d, --interval <DURATION>",
      "between two tables, at least 100ms (default: 2s)",
      parserFor("--interval", parseInterval),
    )
    .addOption(wordOption(
      "--sort <COLUMN>",
      `smallest first; -COLUMN for largest first (default: ${DEFAULT_SORT})`,
      LIVE_COLUMNS.map(({ key }) => key),
    ))
    .option("--mine", "root's own jobs only; any other user sees no others")
    .option("-n, --count <N>", "end after N tables", parserFor("--count", parseRefreshes))
    .option("-b, --batch", "one table after the other on a terminal too")
    .option("-u, --user <USER>", "jobs of this user, name or uid");
  top.action(({ interval, sort, count, mine, batch, user }) =>
    invoke(top, (context) => {
      const order = chooseOrder(sort ?? DEFAULT_SORT, LIVE_COLUMNS);
      const wanted = { intervalMs: interval ?? DEFAULT_INTERVAL_MS, count: count ?? Infinity };
      const view = firstView(order, user);
      return watch(context, { ...wanted, view }, { mine, batch });
    })
  );
  return top;
}

function parseInterval(text: string): number {
  const intervalMs = parseDurationMs(text);
  if (intervalMs >= MIN_INTERVAL_MS) return intervalMs;
  const reason = `it is below ${MIN_INTERVAL_MS}ms`;
  throw new ValueError({
    kind: "refresh interval",
    input: text,
    offset: 0,
    reason,
    accepted: ["100ms or more, such as 2s, 1m30s"],
  });
}

function ownJobs(context: Context): Pick<JobStore, "live"> {
  const [present, former] = [context.openStore("top"), context.openFormerStore("top")];
  return { live: (onDamage) => [...former?.live(onDamage) ?? [], ...present.live(onDamage)] };
}

async function watch(
  context: Context,
  wanted: TopOptions,
  { mine = false, batch = false }: { mine?: boolean | undefined; batch?: boolean | undefined },
): Promise<number> {
  const refreshing = async (display: Display, say: Context["say"]) => {
    const [store, users] = [
      ownJobs(context),
      seesEverybody(context) && !mine ? new UsersLive(context, say) : null,
    ];
    const end = (job: Job) => endFromTop(context, job, say);
    await users?.ask();
    return await new Refreshing({ context, store, users, display, say, end }).run(wanted);
  };
  if (batch || !context.stdout.isTerminal) {
    return (await refreshing(new Listing(context), context.say)).exitCode;
  }
  const said: string[] = [];
  const screen = await context.openScreen();
  try {
    const { exitCode, last } = await refreshing(
      new Redrawn(screen, context.colour),
      (line) => said.push(line),
    );
    screen.close();
    // A user who asked for a number of tables wants to have seen the last one.
    if (last !== null) context.stdout.write(await plainTable(context, last.snapshot, last.view));
    return exitCode;
  } finally {
    screen.close();
    said.forEach(context.say);
  }
}
