/** The parts of `corral run` in which a job of another user differs: who writes the receipt, and what its gate is asked for. */
import { fromHere } from "../../base/path.ts";
import { printable, quoted } from "../../base/text.ts";
import type { Caller } from "../../linux/caller.ts";
import { isOnLocalFileSystem } from "../../linux/mounts.ts";
import type { User } from "../../linux/users.ts";
import type { Gate } from "../launch/gate.ts";
import type { ForUser } from "../launch/user_gate.ts";
import { removeEarlierReceipt } from "../end/receipt_file.ts";
import { removeEarlierAsUser } from "../end/user_receipt.ts";
import { openReceipt } from "./receipt.ts";
import type { Receipt } from "./receipt_to_write.ts";
import { userReceipt } from "./user_receipt.ts";

const RECEIPT_HEAD_BYTES = 64;

/** What of a request matters here. */
export interface UserRequest {
  user: User | null;
  cwd: string;
  isCwdAsked: boolean;
  receipt: string | null;
  output: string | null;
}

/** The user whom root has to become for this job; null for a job of the caller's own. */
export function anotherUser(user: User | null, { uid }: Pick<Caller, "uid">): User | null {
  return user === null || user.uid === uid ? null : user;
}

/** Opened now for the caller's own job; another user's gate tries it. */
export async function receiptFor(
  caller: Pick<Caller, "uid" | "cwd">,
  request: UserRequest,
  say: (line: string) => void,
): Promise<Receipt | null> {
  const user = anotherUser(request.user, caller);
  return user === null || request.receipt === null
    ? await openReceipt(request.receipt, caller.cwd, say)
    : userReceipt(user, fromHere(caller.cwd, request.receipt), say);
}

/** Whose word the path of the receipt is: the job's user, or one that there is not, or is not known. */
export type ReceiptUser = User | null | "unknown";

/**
 * Removes the receipt of an earlier run, before anything can refuse this one: a retry that never ran must not be taken for the run that
 * did. For a user that there is not, or is not known: only what is a receipt.
 */
export async function removeEarlierReceiptOf(
  caller: Pick<Caller, "uid" | "cwd">,
  receipt: string | undefined,
  user: ReceiptUser,
): Promise<void> {
  if (receipt === undefined || receipt === "") return;
  const path = fromHere(caller.cwd, receipt);
  const isRoot = caller.uid === 0;
  const isLocal = isOnLocalFileSystem(path);
  // What may not answer is not even looked at for a user that there is not.
  if (user === "unknown") {
    return isLocal ? removeEarlierReceipt(path, isReceipt) : undefined;
  }
  const other = isRoot ? anotherUser(user, caller) : null;
  if (other === null && isLocal) return removeEarlierReceipt(path);
  await removeEarlierAsUser(other ?? { uid: caller.uid, gid: Deno.gid() ?? 0 }, path).catch(() => {});
}

function isReceipt(path: string): boolean {
  using file = Deno.openSync(path);
  const head = new Uint8Array(RECEIPT_HEAD_BYTES);
  file.readSync(head);
  return /^\{\s*"id": "[a-z0-9]+",/.test(new TextDecoder().decode(head));
}

/** `logName`: of the file that the output goes to when none was asked for; null for the caller's own output. */
export function gateFor(
  caller: Pick<Caller, "uid" | "cwd">,
  request: UserRequest,
  logName: string | null,
): ForUser | null {
  const user = anotherUser(request.user, caller);
  return user && {
    ...user,
    isDirectoryAsked: request.isCwdAsked,
    logName,
    receipt: request.receipt === null ? null : fromHere(caller.cwd, request.receipt),
  };
}

/** Reports what the caller cannot know of a job that looked after itself. */
export function tellArrival(
  { arrived }: Gate,
  { user, cwd, output }: UserRequest,
  say: (line: string) => void,
): void {
  if (arrived === null) return;
  if (arrived.cwd !== cwd) {
    say(`warning: ${user?.name} cannot enter ${quoted(cwd)}: the job runs in ${quoted(arrived.cwd)}`);
  }
  if (output === null && arrived.output !== null) say(`the job's output: ${printable(arrived.output)}`);
}
