/** The parts of `corral run` in which a job of another user differs: who writes the receipt, and what its gate is asked for. */
import { fromHere } from "../../base/path.ts";
import { printable, quoted } from "../../base/text.ts";
import type { Caller } from "../../linux/caller.ts";
import type { User } from "../../linux/users.ts";
import type { Gate } from "../launch/gate.ts";
import type { ForUser } from "../launch/user_gate.ts";
import { openReceipt, type Receipt } from "./receipt.ts";
import { userReceipt } from "./user_receipt.ts";

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
