/** `corral install`: installs a timer or a cron line that sweeps this node, the manual and the completions. */
import { Command, Option } from "@commander-js/extra-typings";
import { dirname } from "node:path";
import type { DescribeProgram, GlobalOptions, Invoke } from "../verb.ts";
import type { Context } from "../context.ts";
import { DEFAULT_CONFIG } from "../../settings/read.ts";
import { EXIT, parserFor, SetupError } from "../../base/errors.ts";
import { usersDirectorySteps } from "../../act/install/users_directory.ts";
import { takeOrShow } from "../take_or_show.ts";
import { DEFAULT_EVERY_MS, parseEveryMs } from "../../act/install/every.ts";
import { look } from "../../act/install/look.ts";
import { directoryExists, missingDirectories, realPath } from "../../act/install/node_files.ts";
import { readPackaged } from "../../act/install/packaged.ts";
import { type Places, placesOf, sharedPath, TIMER } from "../../act/install/places.ts";
import { type Found, installPlan } from "../../act/install/plan.ts";
import { carried, prefixFrom } from "../../act/install/request.ts";
import { lingers, systemctlArgv } from "../../act/install/tools.ts";
import { ownersOf, refuseChangeable } from "../../base/trust.ts";
import { lookForServe, servePaths, serveSteps, serveUnit } from "../../act/install/serve_unit.ts";
import { newRecord, serveCommand, sharedFiles, sweepCommand, wantedOf } from "../../act/install/wanted.ts";
import { formatDurationExact } from "../../value/duration.ts";
import { printable, quoted } from "../../base/text.ts";
import { SHARED_PATHS, sharedFilesOf } from "../shared_files.ts";

function command() {
  return new Command("install")
    .description(
      "Has this node swept at intervals, by a systemd timer or by cron, and installs manual pages and completions: for root those of " +
        "the node, for another user the user's own. A second run changes only what differs. The binary stays where it is.",
    )
    .option(
      "--sweep-every <DURATION>",
      "from 10s to 7d (default: 5m)",
      parserFor("--sweep-every", parseEveryMs),
    )
    .option("--cron", "by cron, although systemd is there")
    .option("--serve", "start `corral serve` as well, now and at every boot (systemd)")
    .option(
      "--prefix <DIR>",
      "manual pages and completions go below DIR/share (default: /usr/local; ~/.local)",
    )
    .addOption(printOption());
}

/** The units, or cron's line, are what an admin reads first; `all` has the text of each completion too. */
function printOption() {
  return new Option(
    "--print [WHAT]",
    "show what would be done, and change nothing; all: with every file's text",
  )
    .choices(["units", "all"])
    .preset("units" as const);
}

type Options = ReturnType<ReturnType<typeof command>["opts"]>;

/** The sub-command, wired to `invoke`. */
export function installVerb(invoke: Invoke, describeProgram: DescribeProgram) {
  const verb = command();
  verb.action((options) => {
    const globals = verb.optsWithGlobals() as GlobalOptions;
    return invoke(verb, (context) => install(context, { ...globals, ...options }, describeProgram));
  });
  return verb;
}

async function install(
  context: Context,
  options: Options & GlobalOptions,
  describeProgram: DescribeProgram,
): Promise<number> {
  const prefix = prefixFrom(context.cwd, options.prefix);
  const places = placesOf({ ...context, prefix });
  const everyMs = options.sweepEvery ?? DEFAULT_EVERY_MS;
  // An update of the package may have removed the binary of this process.
  const binary = realPath(context.self.path) ?? refuseGone(context.self.path);
  if (context.uid === 0) refuseOthersFiles(binary, carried(context, options).config ?? DEFAULT_CONFIG);
  const byTimer = !options.cron && hasManager(context);
  // Its manual and its completions are there already, except below a prefix of the caller's own.
  const packaged = prefix === null ? readPackaged({ ...context, binary }) : null;
  const found = await look(context, places, { paths: SHARED_PATHS, packaged });
  if (!byTimer) refuseWithoutCron(places, found);
  const sweep = {
    argv: sweepCommand({ binary, ...carried(context, options) }),
    everyMs,
    forSystem: context.uid === 0,
    stateDir: context.settings.stateDir,
    record: recordFor(places, found, { byTimer, further: options.serve ? serveFiles(context, places) : [] }),
  };
  const shared = packaged === null
    ? sharedFiles(places.shareDir, sharedFilesOf(await describeProgram()))
    : [];
  const configured = context.settings.userStateDir;
  const acts = [
    ...installPlan(wantedOf(places, sweep, { byTimer, shared }), found),
    ...usersDirectorySteps({ uid: context.uid, etc: context.etc, configured }),
    ...(options.serve
      ? await stepsOfServe(context, places, serveCommand({ binary, ...carried(context, options) }))
      : []),
  ];
  await takeOrShow(context, acts, { print: options.print ?? null });
  if (acts.length === 0) context.stdout.write("nothing to change: it is installed\n");
  if (options.print === undefined) await tell(context, places, { everyMs, byTimer });
  return EXIT.DONE;
}

function serveFiles({ uid }: Context, places: Places): string[] {
  return Object.values(servePaths(places, uid));
}

/** Throws SetupError without systemd. */
async function stepsOfServe(context: Context, places: Places, argv: readonly string[]) {
  if (!hasManager(context)) {
    throw new SetupError(
      "--serve: there is no systemd here",
      "have something else keep running: corral serve",
    );
  }
  const { unit } = servePaths(places, context.uid);
  const { stateDir } = context.settings;
  const text = serveUnit({ argv, forSystem: context.uid === 0, stateDir });
  return serveSteps(unit, text, await lookForServe(context, unit));
}

function refuseGone(path: string): never {
  throw new SetupError(`this binary is not there any more: ${quoted(path)}`, "call the new one");
}

/** Throws TrustError for a binary or a configuration that another user can change. */
function refuseOthersFiles(binary: string, config: string): void {
  const protection = { remedy: "put it where only root can write", mayBeInSticky: false };
  refuseChangeable({ what: "the binary", path: binary, ...protection }, ownersOf(binary));
  // The configuration can name a command that the sweep runs.
  if (realPath(config) !== null) {
    refuseChangeable({ what: "the configuration", path: config, ...protection }, ownersOf(config));
  }
}

function hasManager({ uid, layout }: Context): boolean {
  const { systemdBooted, userRuntimeDir } = layout();
  return systemdBooted && (uid === 0 || userRuntimeDir !== null);
}

function refuseWithoutCron({ cronFile }: Places, { crontab }: Found): void {
  const isThere = cronFile === null ? crontab !== null : directoryExists(dirname(cronFile));
  if (isThere) return;
  throw new SetupError(
    cronFile === null ? "there is no crontab(1) here, and no user manager" : "there is no cron here",
    "install cron, or have something else call: corral sweep --quiet",
  );
}

function recordFor(
  places: Places,
  { record: old, packaged }: Found,
  { byTimer, further }: { byTimer: boolean; further: readonly string[] },
) {
  const shared = packaged === null ? SHARED_PATHS.map((path) => sharedPath(places.shareDir, path)) : [];
  const sweep = byTimer
    ? [places.service, places.timer, places.timerLink]
    : places.cronFile === null
    ? []
    : [places.cronFile];
  const paths = [...sweep, ...shared, ...further];
  return newRecord(places.shareDir, paths, { missing: missingDirectories(paths), old });
}

async function tell(
  context: Context,
  { cronFile }: Places,
  { everyMs, byTimer }: { everyMs: number; byTimer: boolean },
): Promise<void> {
  const argv = systemctlArgv(context.uid, ["list-timers", TIMER]);
  const look = byTimer ? argv.join(" ") : cronFile ?? "crontab -l";
  context.stdout.write(`a sweep every ${formatDurationExact(everyMs)}: ${printable(look)}\n`);
  if (byTimer && context.uid !== 0 && !await lingers(context)) {
    context.say(
      `the timer stops with your last log-out; to keep it, as root: loginctl enable-linger ${context.userName}`,
    );
  }
}
