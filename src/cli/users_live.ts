/** Users' live jobs for `corral top`, which looks every second or two: their processes are asked less often, and nothing waits for them. */
import type { Context } from "./context.ts";
import type { Job } from "../job/job.ts";
import { everybodysJobs } from "../observe/everybody.ts";
import { noJobs } from "../store/gathered_store.ts";

/** A process of each user costs some 50 ms of a core. */
const ASK_EVERY_MS = 5_000;

/** What the users' processes last answered. */
export class UsersLive {
  #jobs: Job[] = [];
  #askedMs = -Infinity;
  #isAsking = false;
  readonly #problems = new Set<string>();
  #problemsNow = 0;

  /** @param say takes a line about a user whose jobs are not all there, once */
  constructor(readonly context: Context, readonly say: (line: string) => void) {}

  /** False when a user's jobs were not all there. */
  get isWhole(): boolean {
    return this.#problems.size === 0;
  }

  /** Of the last answers: how many users' jobs are not all there. */
  get unanswered(): number {
    // Before the first answer nothing is known of any.
    return this.#askedMs === -Infinity ? 1 : this.#problemsNow;
  }

  /** The jobs of the last answers; asks anew in the background where those are old. */
  jobs(): Job[] {
    if (!this.#isAsking && this.context.clock.bootMs() - this.#askedMs >= ASK_EVERY_MS) {
      // A node that is too busy for it keeps the last answers.
      this.ask().catch(({ message }) => this.#problem(String(message)));
    }
    return this.#jobs;
  }

  /** Resolves when all have answered, or their time is up. */
  async ask(): Promise<void> {
    this.#isAsking = true;
    let problems = 0;
    try {
      const store = await everybodysJobs(this.context, noJobs("top"), {
        jobs: { which: "live" },
        uids: null,
        usersDir: this.context.settings.userStateDir,
        onProblem: (line) => {
          problems++;
          this.#problem(line);
        },
      });
      this.#jobs = store.live(({ message }) => this.#problem(message));
    } finally {
      this.#isAsking = false;
      this.#problemsNow = problems;
      this.#askedMs = this.context.clock.bootMs();
    }
  }

  #problem(line: string): void {
    if (!this.#problems.has(line)) this.say(line);
    this.#problems.add(line);
  }
}
