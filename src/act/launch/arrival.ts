/** What the process of another user's job has to say before it waits at its gate. */
import { SetupError } from "../../base/errors.ts";
import { poll } from "../../base/poll.ts";
import type { SocketPair } from "../../linux/socket_pair.ts";
import {
  type Arrived,
  type ForUser,
  isWholeReport,
  readReport,
  REPORT_CAP_CHARACTERS,
  REPORT_CAP_MS,
} from "./user_gate.ts";

/** A process at its gate, and corral's end of its descriptor 3. */
export interface Waiting {
  key: SocketPair;
  exit: Promise<unknown>;
  /** Lets it go without running anything. */
  close: () => void;
}

/** Waits for the report of the user's process. Throws what it refused; then that process is gone, unless it hangs. */
export async function arrival({ key, exit, close }: Waiting, as: ForUser): Promise<Arrived> {
  const decoder = new TextDecoder();
  let report = "";
  const isThere = await poll(() => {
    const bytes = key.received();
    if (report.length < REPORT_CAP_CHARACTERS) report += decoder.decode(bytes, { stream: true });
    return isWholeReport(report) || key.isOver;
  }, REPORT_CAP_MS);
  if (!isThere) {
    close();
    throw new SetupError(
      `the directory, output, receipt or command of ${as.name} does not answer for ${REPORT_CAP_MS / 1000} s`,
      "give others, on a file system that does",
    );
  }
  try {
    return readReport(report, as);
  } catch (error) {
    close();
    await exit;
    throw error;
  }
}
