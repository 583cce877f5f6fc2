/** Takes a node out of Slurm, so that it gets no more jobs: a HealthCheckProgram has to do so itself (slurm.conf(5)). */
import { CorralError } from "../../base/errors.ts";
import { shortened } from "../../base/text.ts";
import type { Node } from "../../observe/node.ts";

const REASON_CHARACTERS = 200;

/** False when the node is drained or down already: the reason that it was given then stays. Throws CorralError. */
export async function drain({ run }: Pick<Node, "run">, nodeName: string, why: string): Promise<boolean> {
  const shown = await run(["scontrol", "--oneliner", "show", "node", nodeName]);
  if (/\bState=\S*(DRAIN|DOWN|FAIL)/.test(shown.stdout)) return false;
  const reason = shortened(`corral: ${why}`, REASON_CHARACTERS);
  const { code, stderr } = await run([
    "scontrol",
    "update",
    `NodeName=${nodeName}`,
    "State=DRAIN",
    `Reason=${reason}`,
  ]);
  if (code !== 0) {
    throw new CorralError(`scontrol cannot drain ${nodeName}: ${stderr || `exit code ${code}`}`);
  }
  return true;
}
