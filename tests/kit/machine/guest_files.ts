/** The files a machine gets on top of its image: agent, corral, the test program, whatever a test adds. */
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { runCommand } from "./command.ts";
import type { Flavour } from "./images.ts";
import { CACHE_DIR, CORRAL_BINARY, CRASHING_BINARY, NASTY_SOURCE } from "./project.ts";

/** Path in the machine to path here. Modes are kept. */
export type ExtraFiles = Readonly<Record<string, string>>;

export const AGENT_SOURCE = join(import.meta.dirname!, "agent.py");
const AGENT = "/usr/local/lib/corral-test/agent.py";
/** Where a machine booted from an image has the programs under test. */
export const GUEST_PROGRAMS = { corral: "/usr/local/bin/corral", nasty: "/usr/local/bin/nasty" };
/** Where native machines have dist/corral-crash; an emulated one would show no more, and carry 100 MB more through its boot. */
export const CRASHING_CORRAL = "/usr/local/bin/corral-crash";
const COMPILE_TIMEOUT_MS = 60_000;

/** Writes the tree under `directory`. `channel` is what the agent listens on, `unit` lines its unit gets besides. */
export async function writeGuestFiles(
  directory: string,
  agent: { channel: string; unit: string },
  extra: ExtraFiles,
): Promise<void> {
  const files: Record<string, string> = { [AGENT]: AGENT_SOURCE, ...extra };
  if (await exists(CORRAL_BINARY)) files[GUEST_PROGRAMS.corral] = CORRAL_BINARY;
  if (await exists(NASTY_SOURCE)) files[GUEST_PROGRAMS.nasty] = await compileNasty();
  for (const [path, source] of Object.entries(files)) {
    const target = join(directory, path);
    await Deno.mkdir(dirname(target), { recursive: true, mode: 0o755 });
    await Deno.copyFile(source, target);
  }
  const units = join(directory, "etc/systemd/system");
  await Deno.mkdir(join(units, "multi-user.target.wants"), { recursive: true, mode: 0o755 });
  await Deno.writeTextFile(join(units, "corral-test-agent.service"), agentUnit(agent));
  await Deno.symlink(
    "../corral-test-agent.service",
    join(units, "multi-user.target.wants/corral-test-agent.service"),
  );
}

/** No limit of the unit may be what a test measures; one that runs out of memory must not take the agent along. */
function agentUnit({ channel, unit }: { channel: string; unit: string }): string {
  return `[Unit]
After=dbus.service systemd-user-sessions.service
${unit}
[Service]
ExecStart=/usr/bin/python3 ${AGENT} ${channel}
TasksMax=infinity
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=0
OOMPolicy=continue
`;
}

/** The crashing corral for a machine's extra files, when it is built: `make test` does, `make build` does not. */
export async function crashingCorral(): Promise<ExtraFiles> {
  return await exists(CRASHING_BINARY) ? { [CRASHING_CORRAL]: CRASHING_BINARY } : {};
}

/** What a machine of this flavour gets besides. */
export function flavourFiles(flavour: Flavour): ExtraFiles {
  if (flavour === "plain") return {};
  const source = join(import.meta.dirname!, "slurm_configured.conf");
  const dropIn = (unit: string) => `/etc/systemd/system/${unit}.d/configured.conf`;
  return { [dropIn("slurmd.service")]: source, [dropIn("slurmctld.service")]: source };
}

/** Static, so that one binary runs on every suite. Cached by its source. */
export async function compileNasty(): Promise<string> {
  const source = await Deno.readTextFile(NASTY_SOURCE);
  const hash = createHash("sha256").update(source).digest("hex").slice(0, 12);
  const binary = join(CACHE_DIR, `nasty-${hash}`);
  if (await exists(binary)) return binary;
  await Deno.mkdir(CACHE_DIR, { recursive: true });
  const partial = `${binary}.${Deno.pid}`;
  const compiler = Deno.env.get("CC") ?? "cc";
  const flags = ["-static", "-pthread", "-O1", "-Wall", "-Wextra"];
  await runCommand([compiler, ...flags, "-o", partial, NASTY_SOURCE], { timeoutMs: COMPILE_TIMEOUT_MS });
  await Deno.rename(partial, binary);
  return binary;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
