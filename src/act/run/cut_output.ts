/** `--output-max`: a detached job whose output is cut at a size, and what its record has of that. */
import { EXIT, PathError } from "../../base/errors.ts";
import { after } from "../../base/poll.ts";
import type { JobSpec } from "../../job/job.ts";
import { type BoundedOutput, boundOutput } from "../../linux/bounded_output.ts";
import type { Node } from "../../observe/node.ts";
import type { Ledger } from "../../store/ledger.ts";
import { formatBytes } from "../../value/size.ts";

/** From the end of the job to its last words in the file. What left the job and holds its output is not waited for. */
const LAST_WORDS_CAP_MS = 1_000;

/** Null without a size. Throws PathError. */
export async function boundedAt(file: string, maxBytes: number | null): Promise<BoundedOutput | null> {
  if (maxBytes === null) return null;
  const words = `output stopped at ${formatBytes(maxBytes)} (--output-max); the job runs on`;
  try {
    return await boundOutput(file, { maxBytes, words });
  } catch (cause) {
    throw new PathError("cannot write the job's output", {
      path: file,
      cause,
      remedy: "run without --output-max",
      exitCode: EXIT.CORRAL_FAILED,
    });
  }
}

/** The job has the pipe: from now on its end is the end of the output. That something was dropped is an event, once. */
export function recordCut(
  { context, ledger, spec, request }: {
    context: Pick<Node, "clock">;
    ledger: Ledger;
    spec: JobSpec;
    request: { outputMaxBytes?: number | null };
  },
  bounded: BoundedOutput,
): void {
  bounded.release();
  bounded.onCut(() => {
    const detail = { maxBytes: request.outputMaxBytes ?? null };
    const atMs = context.clock.wallMs();
    ledger.addEvents(spec.id, [{ atMs, actor: "run", kind: "output-truncated", detail }]);
  });
}

/** Resolves when what the job has written is in the file. */
export async function awaitOutput({ done }: BoundedOutput): Promise<void> {
  await Promise.race([done.catch(() => {}), after(LAST_WORDS_CAP_MS)]);
}
