/** Boots a machine under its keeper and waits, bounded, until the agent in it answers and the boot has finished. */
import { join } from "node:path";
import { AgentClient } from "./agent_client.ts";
import { Keeper } from "./keeper.ts";
import { conveniences, type Machine } from "./machine.ts";

type Facts = Pick<Machine, "name" | "tier" | "suite" | "slowness" | "corral" | "nasty">;

export interface BootPlan {
  facts: Facts;
  /** From makeStateDir(): holds everything of this boot; the keeper removes it. */
  stateDir: string;
  /** To start the machine in; null for none. */
  cgroup: string | null;
  /** Starts the machine in the foreground. */
  command: readonly string[];
  /** The boot is over when systemd says so; without it, when the agent answers. */
  hasSystemd: boolean;
}

const BOOT_TIMEOUT_MS = 20_000;
const CONNECT_INTERVAL_MS = 20;

/** Where the agent's stream ends up on this side. */
export function agentSocket(stateDir: string): string {
  return join(stateDir, "agent", "socket");
}

/** In the temporary directory and not in the tree: the path of a socket may have 107 bytes at most. */
export async function makeStateDir(): Promise<string> {
  const stateDir = await Deno.makeTempDir({ prefix: "corral-test-" });
  await Deno.chmod(stateDir, 0o755);
  await Deno.mkdir(join(stateDir, "files"), { mode: 0o755 });
  await Deno.mkdir(join(stateDir, "agent"), { mode: 0o755 });
  return stateDir;
}

/** On failure nothing stays behind and the error carries the end of the console. */
export async function boot(plan: BootPlan): Promise<Machine> {
  const keeper = new Keeper(plan);
  const abort = new AbortController();
  const timeoutMs = BOOT_TIMEOUT_MS * plan.facts.slowness;
  const timer = setTimeout(() => abort.abort(new Error(`not up after ${timeoutMs} ms`)), timeoutMs);
  keeper.ended.then(() => abort.abort(new Error("it ended while booting")));
  let client: AgentClient | undefined;
  try {
    const connection = await connect(agentSocket(plan.stateDir), abort.signal);
    const { slowness } = plan.facts;
    client = new AgentClient({ connection, slowness, describeMachine: () => keeper.consoleTail() });
    return await unlessAborted(bootedMachine(plan, keeper, client), abort.signal);
  } catch (error) {
    const console = keeper.consoleTail();
    client?.close();
    await keeper.stop();
    throw new Error(`Cannot boot ${plan.facts.name}: ${(error as Error).message}\n${console}`, {
      cause: error,
    });
  } finally {
    clearTimeout(timer);
  }
}

async function connect(path: string, signal: AbortSignal): Promise<Deno.Conn> {
  while (true) {
    signal.throwIfAborted();
    try {
      return await Deno.connect({ transport: "unix", path });
    } catch (error) {
      // Not there yet, or there and not yet listening.
      const isEarly = error instanceof Deno.errors.NotFound || error instanceof Deno.errors.ConnectionRefused;
      if (!isEarly) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, CONNECT_INTERVAL_MS));
  }
}

function unlessAborted<T>(step: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => aborted.reject(signal.reason), { once: true });
  return Promise.race([step, aborted.promise]);
}

async function bootedMachine(plan: BootPlan, keeper: Keeper, client: AgentClient): Promise<Machine> {
  const controllers = await client.controllers;
  const common = conveniences((argv, options) => client.start(argv, options));
  if (plan.hasSystemd) await systemdIsUp(common);
  const stop = async () => {
    client.close();
    await keeper.stop();
  };
  return { ...plan.facts, ...common, controllers, stop };
}

async function systemdIsUp({ exec }: Pick<Machine, "exec">): Promise<void> {
  const state = (await exec(["systemctl", "is-system-running", "--wait"])).stdout.trim();
  if (state === "running") return;
  const failed = await exec(["systemctl", "--no-legend", "--plain", "--failed"]);
  throw new Error(`systemd says ${state}\n${failed.stdout}`);
}
