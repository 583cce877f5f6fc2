/** `corral queue`: what waits, and for what. */
import { Command } from "@commander-js/extra-typings";
import { toJson } from "../../base/json.ts";
import { EXIT } from "../../base/errors.ts";
import { readQueueNow } from "../../act/queue/look.ts";
import { QUEUE_COLUMNS, queueCells, queueJson, type QueueRow } from "../../view/queue.ts";
import { tableLines } from "../../view/table.ts";
import type { Context } from "../context.ts";
import { unknownPool } from "../pool_options.ts";
import type { Invoke } from "../verb.ts";

function command() {
  return new Command("queue")
    .description(
      "Lists the jobs that wait for room in a pool, in their order, with what each waits for in numbers and when it has room at the " +
        "latest, by the deadlines of the jobs that run.",
    )
    .option("--pool <POOL>", "only this pool")
    .option("--wide", "all columns, also where the terminal is too narrow for them")
    .option("-q, --quiet", "print the ids only")
    .option("--json", "print JSON");
}

type Options = ReturnType<ReturnType<typeof command>["opts"]>;

/** The sub-command, wired to `invoke`. */
export function queueVerb(invoke: Invoke) {
  const queue = command();
  queue.action((options) => invoke(queue, (context) => listQueue(context, options)));
  return queue;
}

async function listQueue(context: Context, options: Options): Promise<number> {
  const { pools } = context.settings;
  const { pool: wanted } = options;
  const store = context.openStore("queue");
  const { waiting, verdicts, now } = readQueueNow(context, store, pools);
  const isKnown = wanted === undefined || pools.has(wanted) || waiting.some(({ pool }) => pool === wanted);
  if (!isKnown) throw unknownPool(wanted, pools);
  const rows: QueueRow[] = verdicts.flatMap((verdict) => {
    const job = waiting.find(({ id }) => id === verdict.id)!;
    if (wanted !== undefined && job.pool !== wanted) return [];
    return [{ job, verdict, name: store.get(job.id, () => {})?.spec.name ?? "" }];
  });
  if (options.quiet) context.stdout.write(rows.map(({ job }) => `${job.id}\n`).join(""));
  else if (options.json) context.stdout.write(`${toJson(rows.map((row) => queueJson(row, now)))}\n`);
  else {
    const { widthColumns } = context.stdout;
    const shown = { widthColumns, colour: context.colour, isWide: options.wide ?? false };
    const cells = rows.map((row) => queueCells(row, now));
    context.stdout.write([...await tableLines(QUEUE_COLUMNS, cells, shown)].join(""));
  }
  return EXIT.DONE;
}
