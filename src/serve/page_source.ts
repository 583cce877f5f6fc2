/** Everything that the page shows, of the real node. */
import { errorText } from "../base/errors.ts";
import { isOnLocalFileSystem } from "../linux/mounts.ts";
import { refuseOthersStore } from "../store/open.ts";
import { ensurePrivateDir, stateDirMode } from "../store/private_dir.ts";
import { carryOutChange } from "./change.ts";
import type { SourceContext, SourceOptions } from "./context.ts";
import { NodeCourse } from "./course.ts";
import { courseEvents } from "./course_events.ts";
import { CourseFile } from "./course_file.ts";
import { jobDetail } from "./detail.ts";
import { effectOf } from "./effect.ts";
import { EndedPages } from "./ended.ts";
import type { Change, Course, Effect, EndedPage, JobDetail, PageFinding, Verb } from "./feed.ts";
import { Looks } from "./look.ts";
import { endedIdOf } from "./page_ids.ts";
import { Records } from "./records.ts";
import type { EndedQuery, Look, PageSource } from "./source.ts";
import { WatchedJobs } from "./watched.ts";

/** Ends that were not well, as marks of a course; so many of the last ended jobs are looked at for them. */
const FAILED_SHOWN = 60;
const LOOKED_AT = 20_000;

/** The source of one server. `look` is called every few seconds for as long as the server runs: the node's course is made of it. */
export class NodeSource implements PageSource {
  readonly looks: Looks;
  readonly #course: NodeCourse;
  readonly #records: Records;
  readonly #watched = new WatchedJobs();
  readonly #ended: EndedPages;
  #findings: readonly PageFinding[] = [];
  #looking: Promise<Look> | null = null;

  constructor(readonly context: SourceContext, readonly options: SourceOptions) {
    this.#course = new NodeCourse(new CourseFile(courseDirectory(context), context.say));
    this.looks = new Looks(context, this.#course, options);
    this.#records = new Records(context, this.looks);
    const stores =
      () => [this.looks.store.store, ...this.looks.users === null ? [] : [this.looks.users.store]];
    this.#ended = new EndedPages(stores, () => context.clock.wallMs());
  }

  /** One at a time: who asks meanwhile gets the same. */
  look(): Promise<Look> {
    return this.#looking ??= this.looks.look().then((look) => {
      this.#findings = look.node.findings;
      return look;
    }).finally(() => this.#looking = null);
  }

  // deno-lint-ignore require-await
  async course(fromMs: number, toMs: number): Promise<Course> {
    const { memoryTotalBytes, cores } = this.looks.figures;
    const whose = (id: string) => {
      const spec = this.#records.find(id)?.spec;
      return spec === undefined ? null : { name: spec.name, user: spec.user };
    };
    const course = this.#course.range(fromMs, toMs, { memoryTotalBytes, cores, whose });
    const ids = course.series.flatMap(({ jobId }) => jobId ?? []);
    const named = new Map(ids.flatMap((id) => {
      const job = this.#records.find(id);
      return job === null ? [] : [[id, job] as const];
    }));
    const failed = this.looks.store.store.endedPage({
      ...{ sinceMs: fromMs, untilMs: toMs, search: null, reason: null, isFailedOnly: true, behind: null },
      ...{ limit: FAILED_SHOWN, amongLast: LOOKED_AT },
    }).jobs;
    const sweepMs = this.options.lastSweep()?.atMs ?? null;
    const byId = new Map(failed.map((job) => [endedIdOf(job), job]));
    return { ...course, events: courseEvents(named, byId, { fromMs, toMs, sweepMs }) };
  }

  ended(query: EndedQuery): Promise<EndedPage> {
    return this.#ended.read(query);
  }

  detail(jobId: string): Promise<JobDetail | null> {
    const { context, looks } = this;
    const [records, watched] = [this.#records, this.#watched];
    return jobDetail({ context, looks, records, watched, findings: () => this.#findings }, jobId);
  }

  async effect(jobId: string, verb: Verb): Promise<Effect | null> {
    const job = this.#records.find(jobId);
    return job === null ? null : await effectOf(this, job, verb);
  }

  change(change: Change): Promise<string> {
    return carryOutChange({ context: this.context, looks: this.looks, records: this.#records }, change);
  }
}

/** A directory of the caller's alone, where no other user can read what ran; null where none can be had, which is said. */
function courseDirectory({ settings: { stateDir }, uid, say }: SourceContext): string | null {
  const directory = `${stateDir}/serve`;
  try {
    if (!isOnLocalFileSystem(stateDir)) return null;
    refuseOthersStore(stateDir);
    Deno.mkdirSync(stateDir, { recursive: true, mode: stateDirMode(stateDir) });
    ensurePrivateDir(directory, uid);
    return directory;
  } catch (error) {
    say(`warning: the node's course is not kept: ${errorText(error)}`);
    return null;
  }
}
