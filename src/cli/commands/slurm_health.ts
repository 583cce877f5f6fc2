/** `corral slurm-health`, or corral called by the name corral-health: a HealthCheckProgram of Slurm. */
import { Command } from "@commander-js/extra-typings";
import type { Invoke } from "../verb.ts";
import type { Context } from "../context.ts";
import { SLURM_HEALTH } from "../called_as.ts";
import { EXIT, UsageError } from "../../base/errors.ts";
import { within } from "../../base/poll.ts";
import { drain } from "../../act/slurm/drain.ts";
import { illnesses } from "../../observe/health.ts";

/** Slurm kills it after 60 s. */
const LIMIT_MS = 45_000;

/** The sub-command, wired to `invoke`. */
export function slurmHealthVerb(invoke: Invoke) {
  const verb = new Command(SLURM_HEALTH)
    .description(
      "For Slurm's HealthCheckProgram, which takes no arguments: a link to corral by the name corral-health is this command. Drains the " +
        "node, with the reason, when corral can enforce nothing here or processes of root's jobs cannot be killed. Takes 45 s at most.",
    )
    .option("--dry-run", "only say what is wrong");
  verb.action(({ dryRun }) => invoke(verb, (context) => check(context, dryRun ?? false)));
  return verb;
}

async function check(context: Context, dryRun: boolean): Promise<number> {
  // What a user's corral cannot do says nothing of the node.
  if (context.uid !== 0) throw new UsageError(`${SLURM_HEALTH} needs root`);
  const ill = illnesses(context, context.openStore("ps"));
  if (ill.length === 0) return EXIT.DONE;
  for (const line of ill) context.say(line);
  if (dryRun) return EXIT.NEGATIVE;
  const nodeName = context.env["SLURMD_NODENAME"] ?? Deno.hostname().split(".")[0]!;
  const drained = await within(drain(context, nodeName, ill.join("; ")), LIMIT_MS);
  if (drained) context.say(`node ${nodeName} is drained`);
  return EXIT.NEGATIVE;
}
