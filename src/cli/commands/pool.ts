/** `corral pool`: the pools, what is in them, and how many jobs each takes at once. */
import { Command } from "@commander-js/extra-typings";
import { admitNext } from "../../act/queue/pass.ts";
import { readQueueNow } from "../../act/queue/look.ts";
import { EXIT, parserFor, UsageError } from "../../base/errors.ts";
import { toJson } from "../../base/json.ts";
import { parseSlots } from "../../value/count.ts";
import { POOL_COLUMNS, poolCells, poolJson, poolRows, roomLine } from "../../view/queue.ts";
import { tableLines } from "../../view/table.ts";
import type { Context } from "../context.ts";
import { unknownPool } from "../pool_options.ts";
import type { Invoke } from "../verb.ts";

/** For `--jobs`: what the configuration says. */
const CONFIGURED = "default";

function command() {
  return new Command("pool")
    .description(
      "Lists the pools of the configuration: jobs that run, at once and queued, memory reserved by their limits and measured, and limits " +
        "of the pool. `corral pool set POOL --jobs 0` drains one: what runs goes on, and nothing more is started.",
    )
    .argument("[set]", "change a pool")
    .argument("[POOL]", "which")
    .option(
      "--jobs <N>",
      `with set: so many at once, until it is set again; ${CONFIGURED}: as the configuration has it`,
      parserFor("--jobs", (text) => ({ value: text === CONFIGURED ? null : parseSlots(text) })),
    )
    .option("--json", "print JSON");
}

type Options = ReturnType<ReturnType<typeof command>["opts"]>;

/** The sub-command, wired to `invoke`. */
export function poolVerb(invoke: Invoke) {
  const pool = command();
  pool.action((word, name, options) =>
    invoke(pool, (context) => {
      if (word === "set") return setPool(context, name, options);
      if (options.jobs !== undefined) {
        throw new UsageError("--jobs changes a pool: corral pool set POOL --jobs N");
      }
      if (name !== undefined) throw new UsageError("one pool, or all: corral pool [POOL]");
      return listPools(context, word, options);
    })
  );
  return pool;
}

async function setPool(context: Context, name: string | undefined, { jobs }: Options): Promise<number> {
  const { pools } = context.settings;
  if (name === undefined) throw new UsageError("name the pool: corral pool set POOL --jobs N");
  if (!pools.has(name)) throw unknownPool(name, pools);
  if (jobs === undefined) throw new UsageError("nothing to change: give --jobs N");
  context.openStore("pool").setPoolJobs(name, jobs.value);
  const now = jobs.value ?? pools.get(name)!.jobs;
  const words = now === null
    ? "any number of jobs"
    : now === 0
    ? "drains: nothing more is started"
    : `${now} at once`;
  context.stdout.write(`${name} ${words}\n`);
  await admitNext(context, pools);
  return EXIT.DONE;
}

async function listPools(context: Context, wanted: string | undefined, { json }: Options): Promise<number> {
  const { settings } = context;
  if (wanted !== undefined && !settings.pools.has(wanted)) throw unknownPool(wanted, settings.pools);
  const { pools, holding, waiting, room } = readQueueNow(context, context.openStore("queue"), settings.pools);
  const rows = poolRows(pools, holding, waiting).filter(({ pool }) =>
    wanted === undefined || pool.name === wanted
  );
  if (json) {
    context.stdout.write(`${toJson(rows.map(poolJson))}\n`);
    return EXIT.DONE;
  }
  const { widthColumns } = context.stdout;
  context.stdout.write(
    [...await tableLines(POOL_COLUMNS, rows.map(poolCells), { widthColumns, colour: context.colour })].join(
      "",
    ),
  );
  if (rows.length === 0) {
    context.say(
      "no pool is in the configuration: add [pools.NAME] with jobs, memory, cpus or default-memory",
    );
    return EXIT.DONE;
  }
  const line = roomLine(room, holding);
  if (line !== null) context.stdout.write(`\n${line}\n`);
  return EXIT.DONE;
}
