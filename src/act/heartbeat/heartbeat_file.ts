/** The file that a job touches as its heartbeat, where none was named: made before the job, as its user, and removed after it. */
import { SetupError } from "../../base/errors.ts";
import type { HealthSpec } from "../../job/health.ts";
import { runAsUser } from "../../linux/as_user.ts";

const CAP_MS = 10_000;
/** After the end, no caller waits longer for it. */
const REMOVAL_CAP_MS = 2_000;
const MAKE = 'umask 077; mkdir -p -- "${1%/*}" && : >"$1"';

/** Throws SetupError. */
export async function makeHeartbeatFile(spec: HealthSpec | undefined): Promise<void> {
  if (spec?.heartbeat?.isOurs === undefined) return;
  const { file } = spec.heartbeat;
  const result = await runAsUser(spec.user, MAKE, [file], { stdin: "", capMs: CAP_MS });
  if (result?.code === 0) return;
  const because = result === null ? "its file system does not answer" : result.stderr.split("\n")[0];
  throw new SetupError(`cannot make the heartbeat file ${file}: ${because}`, "give --heartbeat-file FILE");
}

/** A file that stays does no harm. */
export async function removeHeartbeatFile(spec: HealthSpec | undefined): Promise<void> {
  if (spec?.heartbeat?.isOurs === undefined) return;
  const { file } = spec.heartbeat;
  await runAsUser(spec.user, 'rm -f -- "$1"', [file], { stdin: "", capMs: REMOVAL_CAP_MS }).catch(() => {});
}
