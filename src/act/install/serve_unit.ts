/** The unit of `corral serve`, and the steps that start and remove it. Tried with systemd 252. */
import { dirname } from "node:path";
import { SetupError } from "../../base/errors.ts";
import { quoted } from "../../base/text.ts";
import type { Caller } from "../../linux/caller.ts";
import type { Node } from "../../observe/node.ts";
import { fileState } from "./node_files.ts";
import type { Places } from "./places.ts";
import type { FileState, InstallStep } from "./plan.ts";
import { markerLine } from "./record.ts";
import { systemctlCommand } from "./tools.ts";
import { execLine, sandbox } from "./units.ts";

/** Name of the unit. */
export const SERVE_SERVICE = "corral-serve.service";

/** The facts that the unit depends on. */
export interface ServeUnit {
  /** The command line; its first word is an absolute path. */
  argv: readonly string[];
  forSystem: boolean;
  stateDir: string;
}

/** corral-serve.service. */
export function serveUnit({ argv, forSystem, stateDir }: ServeUnit): string {
  return `${markerLine("#")}# To change something, such as to add --allow-changes: systemctl ${
    forSystem ? "" : "--user "
  }edit ${SERVE_SERVICE}

[Unit]
Description=corral: this node's jobs live, and a sweep every ten seconds
Documentation=man:corral-serve(1)

[Service]
Type=exec
ExecStart=${execLine(argv)}
Restart=on-failure
RestartSec=5s
# It ends within two seconds. Alone: supervisors that it has started for jobs of the queue, where systemd does not hold them, go on.
TimeoutStopSec=10s
KillMode=process
UMask=0077
${forSystem ? sandbox(stateDir) : ""}
[Install]
WantedBy=${target(forSystem)}
`;
}

function target(forSystem: boolean): string {
  return forSystem ? "multi-user.target" : "default.target";
}

/** Beside the units of the sweep. */
export function servePaths({ service }: Places, uid: number): { unit: string; link: string } {
  const directory = dirname(service);
  return {
    unit: `${directory}/${SERVE_SERVICE}`,
    link: `${directory}/${target(uid === 0)}.wants/${SERVE_SERVICE}`,
  };
}

/** What is there of it. */
export interface FoundServe {
  file: FileState | null;
  /** Enabled and active, and systemd has loaded the present file. */
  isOn: boolean;
}

/** Throws PathError. */
export async function lookForServe(
  on: Pick<Node, "run" | "runDir"> & Pick<Caller, "uid">,
  unitPath: string,
): Promise<FoundServe> {
  const file = fileState(unitPath);
  if (file?.is !== "ours") return { file, isOn: false };
  const ask = (...args: string[]) => {
    const { argv, env } = systemctlCommand(on, args);
    return on.run(argv, env);
  };
  const answers = [
    await ask("is-enabled", "--quiet", SERVE_SERVICE),
    await ask("is-active", "--quiet", SERVE_SERVICE),
  ];
  const { stdout } = await ask("show", "--property=NeedDaemonReload", "--value", SERVE_SERVICE);
  return { file, isOn: answers.every(({ code }) => code === 0) && !stdout.includes("yes") };
}

/** Pure. Throws SetupError for a foreign file in the way. */
export function serveSteps(path: string, text: string, { file, isOn }: FoundServe): InstallStep[] {
  if (file !== null && file.is !== "ours") {
    throw new SetupError(
      `${quoted(path, 400)} is there and was not made by corral install`,
      file.is === "masked" ? `systemctl unmask ${SERVE_SERVICE}` : "move it away, then try again",
    );
  }
  const isSame = file?.text === text;
  if (isSame && isOn) return [];
  return [
    ...(isSame ? [] : [{ do: "write", path, text } as const]),
    systemctl("daemon-reload"),
    systemctl("enable", "--quiet", SERVE_SERVICE),
    // The present binary, also where an older one serves under the same path.
    systemctl("restart", SERVE_SERVICE),
  ];
}

/** Pure: the steps that stop and remove it; none where corral install has not made it. */
export function serveRemoval(
  { unit, link }: { unit: string; link: string },
  { file }: FoundServe,
): InstallStep[] {
  if (file?.is !== "ours") return [];
  const mayFail = { mayFail: true };
  return [
    { ...systemctl("disable", "--quiet", "--now", SERVE_SERVICE), ...mayFail },
    { do: "remove", path: unit, ifThere: false },
    // `disable` removes it, unless there is no manager to ask.
    { do: "remove", path: link, ifThere: true },
    { ...systemctl("daemon-reload"), ...mayFail },
    { ...systemctl("reset-failed", "--quiet", SERVE_SERVICE), ...mayFail },
  ];
}

function systemctl(...args: string[]): Extract<InstallStep, { do: "systemctl" }> {
  return { do: "systemctl", args, mayFail: false };
}
