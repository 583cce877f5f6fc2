/** Where the server of `corral serve` gets what it sends: the server knows HTTP and sockets, a source knows the jobs. */
import type {
  Change,
  Course,
  CourseBin,
  Effect,
  EndedPage,
  JobDetail,
  LiveRow,
  NodeState,
  Verb,
} from "./feed.ts";

/** What is asked of the ended jobs; null: not asked. */
export interface EndedQuery {
  sinceMs: number | null;
  untilMs: number | null;
  /** Part of id, name, ref or user. */
  search: string | null;
  reason: string | null;
  cursor: string | null;
}

/** One look at everything; `bin` is there when a bin of the course has ended since the look before. */
export interface Look {
  node: NodeState;
  jobs: LiveRow[];
  bin: CourseBin | null;
}

/** Of one node; each call reads what is so now. */
export interface PageSource {
  look(): Promise<Look>;
  course(fromMs: number, toMs: number): Promise<Course>;
  ended(query: EndedQuery): Promise<EndedPage>;
  /** null: there is no such job. */
  detail(jobId: string): Promise<JobDetail | null>;
  effect(jobId: string, verb: Verb): Promise<Effect | null>;
  /** Resolves to the line that says what was done. Throws CorralError with the line that says why not. */
  change(change: Change): Promise<string>;
}

/** An answer of the JSON API or of the metrics. */
export interface Answer {
  status: number;
  contentType: string;
  body: string;
}

/** GET below /api/ (without /api/page/): `path` such as `ps` or `show/7k2m9q`; and GET /metrics, by the Accept header. */
export interface PlainSource {
  api(path: string, query: URLSearchParams): Promise<Answer>;
  metrics(accept: string | null): Promise<Answer>;
}
