/** The receipt of a job whose supervisor did not live to write it: the guard and the sweep write it. */
import type { Diagnostics } from "../../base/diagnostics.ts";
import { toJson } from "../../base/json.ts";
import { quoted } from "../../base/text.ts";
import { jobJson, withGpuHolders } from "../../job/json.ts";
import type { ReceiptPlace } from "../../job/receipt_place.ts";
import { gpuHoldersOf, type GpuSource } from "../../observe/gpu.ts";
import type { JobStore } from "../../store/jobs.ts";
import { writeReceiptFile } from "./receipt_file.ts";
import { writeReceiptAsUser } from "./user_receipt.ts";

/**
 * Writes the receipt of an ended job where none lies yet; nothing for a job that asked for none, or whose receipt a later job has. Never
 * throws for a file that cannot be written: that is said.
 */
export async function writeLateReceipt(
  store: JobStore,
  id: string,
  node: Diagnostics & GpuSource,
): Promise<void> {
  const job = store.get(id);
  const place = job?.watch?.receipt;
  if (job?.phase.state !== "ended" || place === undefined) return;
  // A retry has removed it and will write its own.
  if (store.hasLaterReceipt(id, place.path)) return;
  const why = await write(
    place,
    toJson(
      withGpuHolders(jobJson(job, store.events(id), null), await gpuHoldersOf(node, job)),
    ),
  );
  if (why !== null) node.say(`warning: the receipt ${quoted(place.path)} is not written: ${why}`);
}

async function write(place: ReceiptPlace, text: string): Promise<string | null> {
  if (place.how === "as-user") {
    return await writeReceiptAsUser(place, place.path, { text, late: true, directory: place.directory });
  }
  try {
    writeReceiptFile(place, text, { late: true });
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
