/** Users' jobs for those who look every second or two (`corral top`, the page): their processes are asked less often, and nothing waits for them. */
import { type Asking, everybodysJobs } from "./everybody.ts";
import type { Job } from "../job/job.ts";
import type { Settings } from "../settings/settings.ts";
import { noJobs } from "../store/gathered_store.ts";
import type { JobStore } from "../store/jobs.ts";
import type { SharedRequest } from "../store/shared_rows.ts";

/** A process of each user costs some 50 ms of a core. */
const ASK_EVERY_MS = 5_000;

/** Lines that are told. */
const MOST_PROBLEMS = 200;

/** What is needed of the node, the caller and the settings. */
export type AskingOften = Asking & { settings: Pick<Settings, "userStateDir"> };

/** A user whose process did not answer; the jobs shown are those of the answer at `asOfMs`, none without one. */
export interface SilentUser {
  readonly uid: number;
  readonly user: string;
  readonly asOfMs: number | null;
}

/** What is asked, and how often: of many users less often, where it goes on for days. */
export interface UsersLiveOptions {
  readonly request: SharedRequest;
  readonly pauseMsPerUser: number;
  /** In the place of everybodysJobs(). */
  readonly askAll?: typeof everybodysJobs;
}

/** What the users' processes last answered. */
export class UsersLive {
  readonly #nothing = noJobs("top");
  #jobs: Job[] = [];
  #store: JobStore = this.#nothing;
  #dueMs = -Infinity;
  #isAsking = false;
  #silent = new Map<number, SilentUser>();
  readonly #answeredMs = new Map<number, number>();
  readonly #problems = new Set<string>();
  /** Before the first answer nothing is known of any. */
  #unanswered = 1;

  /** @param say takes a line about a user whose jobs are not all there, once */
  constructor(
    readonly node: AskingOften,
    readonly say: (line: string) => void,
    readonly options: UsersLiveOptions = { request: { which: "live" }, pauseMsPerUser: 0 },
  ) {}

  /** False when a user's jobs were not all there. */
  get isWhole(): boolean {
    return this.#problems.size === 0;
  }

  /** Of the last answers: how many users' jobs are not all there. */
  get unanswered(): number {
    return this.#unanswered;
  }

  /** Users who did not answer last time, by uid. */
  get silent(): ReadonlyMap<number, SilentUser> {
    return this.#silent;
  }

  /** All that was answered last, in a store of its own. */
  get store(): JobStore {
    return this.#store;
  }

  /** The live jobs of the last answers; asks anew in the background where those are old. */
  jobs(): Job[] {
    if (!this.#isAsking && this.node.clock.bootMs() >= this.#dueMs) {
      // A node that is too busy for it keeps the last answers.
      this.ask().catch(({ message }) => this.#problem(String(message)));
    }
    return this.#jobs;
  }

  /** Resolves when all have answered, or their time is up. */
  async ask(): Promise<void> {
    let [users, problems] = [0, 0];
    this.#dueMs = Infinity;
    const silent = new Map<number, SilentUser>();
    this.#isAsking = true;
    try {
      const store = await (this.options.askAll ?? everybodysJobs)(this.node, this.#nothing, {
        jobs: this.options.request,
        uids: null,
        usersDir: this.node.settings.userStateDir,
        onProblem: (line) => {
          problems++;
          this.#problem(line);
        },
        onRows: ({ uid, name, isSilent }) => {
          users++;
          const asOfMs = this.#answeredMs.get(uid) ?? null;
          if (isSilent) silent.set(uid, { uid, user: name, asOfMs });
          else this.#answeredMs.set(uid, this.node.clock.wallMs());
        },
      });
      const kept = this.#jobs.filter(({ storeUid }) => storeUid !== undefined && silent.has(storeUid));
      this.#jobs = [...store.live(({ message }) => this.#problem(message)), ...kept];
      this.#silent = silent;
      this.#replace(store);
    } finally {
      this.#isAsking = false;
      this.#unanswered = problems;
      const pauseMs = Math.max(ASK_EVERY_MS, users * this.options.pauseMsPerUser);
      const isHastened = this.#dueMs === -Infinity;
      if (!isHastened) this.#dueMs = this.node.clock.bootMs() + pauseMs;
    }
  }

  /** Asks anew now, or after what is being asked. */
  hasten(): void {
    this.#dueMs = -Infinity;
    this.jobs();
  }

  #replace(store: JobStore): void {
    if (this.#store !== store && this.#store !== this.#nothing) this.#store.close();
    this.#store = store;
  }

  #problem(line: string): void {
    // Users choose words of it: they must not fill the memory of what runs for days.
    if (this.#problems.has(line) || this.#problems.size >= MOST_PROBLEMS) return;
    this.#problems.add(line);
    this.say(line);
  }
}
