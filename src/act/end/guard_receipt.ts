/** The receipt of a job whose supervisor did not live to write it. */
import type { JobStore } from "../../store/jobs.ts";
import { jobJson } from "../../job/json.ts";
import { toJson } from "../../base/json.ts";

/**
 * Writes the receipt into the very file that the supervisor had opened (`DEVICE:INODE:PATH`), and into nothing else that lies there now:
 * a user's path must not lead root elsewhere. A file that holds something has been written already.
 */
export function writeReceipt(store: JobStore, id: string, which: string): void {
  const [, device, inode, path] = /^(\d+):(\d+):(.*)$/s.exec(which) ?? [];
  const job = store.get(id);
  if (path === undefined || job?.phase.state !== "ended" || !isTheSame(Deno.lstatSync(path))) return;
  using file = Deno.openSync(path, { write: true });
  const now = file.statSync();
  if (!isTheSame(now) || now.size > 0) return;
  const bytes = new TextEncoder().encode(`${toJson(jobJson(job, store.events(id), null)).trimEnd()}\n`);
  for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));

  function isTheSame({ isFile, dev, ino }: Deno.FileInfo): boolean {
    return isFile && String(dev) === device && String(ino) === inode;
  }
}
