/** The machine itself as a test machine: the same agent, in a cgroup of its own, nothing booted. */
import { basename, join } from "node:path";
import { agentSocket, boot, makeStateDir } from "./boot.ts";
import { cgroup2Mount } from "./cgroup2.ts";
import { AGENT_SOURCE, compileNasty } from "./guest_files.ts";
import type { Machine } from "./machine.ts";
import { CORRAL_BINARY } from "./project.ts";

export async function startHost(): Promise<Machine> {
  const nasty = await compileNasty();
  const stateDir = await makeStateDir();
  return await boot({
    facts: { name: "host", tier: "host", suite: "host", slowness: 1, corral: CORRAL_BINARY, nasty },
    stateDir,
    cgroup: join(cgroup2Mount(), basename(stateDir)),
    command: ["python3", AGENT_SOURCE, agentSocket(stateDir)],
    hasSystemd: false,
  });
}
