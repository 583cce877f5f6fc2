/** `corral serve`: a page that shows the node live, the same as JSON and as metrics, and a sweep every ten seconds. */
import { Command } from "@commander-js/extra-typings";
import { CorralError, EXIT } from "../../base/errors.ts";
import { StopSignals } from "../../linux/stop_signals.ts";
import { answers, filesOf, whereOf } from "../../serve/claim.ts";
import { pause } from "../../base/poll.ts";
import { linesOf, parseLoopback, type ServePlace, servePlace } from "../../serve/place.ts";
import { startServer } from "../../serve/server.ts";
import { readToken } from "../../serve/token.ts";
import type { Context } from "../context.ts";
import { SweepLoop } from "../serve_loop.ts";
import { serveSources } from "../serve_sources.ts";
import type { Invoke } from "../verb.ts";

function command() {
  return new Command("serve")
    .description(
      "Serves a page that shows the node's jobs, queue and pools live, for root everybody's, the same as JSON and as metrics, and sweeps " +
        "every 10 s. It listens on a UNIX socket of the caller's alone, or on a port of this machine alone, and prints the address. Jobs do " +
        "not depend on it.",
    )
    .option("--listen <ADDRESS>", "a port of this machine alone: 127.0.0.1:PORT or [::1]:PORT")
    .option(
      "--socket <PATH>",
      "a UNIX socket (default: /run/corral/serve.sock; $XDG_RUNTIME_DIR/corral/serve.sock)",
    )
    .option("--allow-changes", "let the page kill, freeze and thaw jobs and change their limits")
    .option(
      "--metrics-listen <ADDRESS>",
      "the metrics alone, without a token, on a port of this machine alone",
    )
    .option("--no-sweep", "do not sweep: a timer or cron does")
    .option("--url", "print the address of the server that runs, and do nothing else");
}

/** What is left of the two seconds in which a server has to end. */
const STOP_CAP_MS = 1_500;

type Options = ReturnType<ReturnType<typeof command>["opts"]>;

/** The sub-command, wired to `invoke`. */
export function serveVerb(invoke: Invoke) {
  const verb = command();
  verb.action((options) => invoke(verb, (context) => serve(context, options)));
  return verb;
}

async function serve(context: Context, options: Options): Promise<number> {
  const { listen, socket, metricsListen } = options;
  const place = servePlace({ ...context, listen, socket });
  const metricsAt = metricsListen === undefined ? null : parseLoopback("--metrics-listen", metricsListen);
  if (options.url) return printAddress(context, place);
  const stop = new StopSignals();
  stop.listenIfAble(context.procs.root);
  const isStopped = () => stop.received !== null;
  const stopped = new Promise<void>((resolve) => stop.onSignal(resolve));
  const sweeps = new SweepLoop(context, isStopped);
  const allowChanges = options.allowChanges ?? false;
  const sources = await serveSources(context, { allowChanges, lastSweep: () => sweeps.last });
  await using server = await startServer({
    ...{ ...sources, place, metricsAt, allowChanges, uid: context.uid, randomBytes: context.randomBytes },
    warn: (line) => context.say(`warning: ${line}`),
  });
  tellAddress(context, server.place, server.token);
  const sweeping = options.sweep ? sweeps.run((ms) => Promise.race([stopped, pause(ms)])) : stopped;
  await stopped;
  // What a sweep has begun it ends as well, but not for long: a guard, or the next sweep, goes on with it.
  await Promise.race([sweeping, pause(STOP_CAP_MS)]);
  return EXIT.DONE;
}

/** The token belongs to a person at a terminal; in a journal or a file it would stay. */
function tellAddress({ stdout }: Context, place: ServePlace, token: string): void {
  const lines = stdout.isTerminal
    ? linesOf(place, token, Deno.hostname())
    : [`serving on ${whereOf(place)}`, "its address: corral serve --url"];
  stdout.write(lines.map((line) => `${line}\n`).join(""));
}

async function printAddress({ stdout, uid }: Context, place: ServePlace): Promise<number> {
  const files = filesOf(place);
  const token = await answers(files.inner) ? readToken(files.token, uid) : null;
  if (token === null) {
    throw new CorralError(`no corral serve of yours listens on ${whereOf(place)}`, {
      remedy: "corral serve",
    });
  }
  stdout.write(linesOf(place, token, Deno.hostname()).map((line) => `${line}\n`).join(""));
  return EXIT.DONE;
}
