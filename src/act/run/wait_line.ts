/** Why a run has not begun yet: rewritten in place on a terminal, said once elsewhere. */
import type { Terminal } from "../../linux/output.ts";

/** The line. */
export class WaitLine {
  #isTold = false;

  constructor(readonly on: Partial<Pick<Terminal, "progress">>, readonly say: (line: string) => void) {}

  tell(line: string): void {
    const { progress } = this.on;
    if (progress?.isSeen) progress.tell(() => line);
    else if (!this.#isTold) this.say(line);
    this.#isTold = true;
  }

  clear(): void {
    this.on.progress?.clear();
  }
}
