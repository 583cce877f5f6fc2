/** What `corral serve` answers beside its page: the metrics, and what the commands print with `--json`. */
import type { Answer, PlainSource } from "../serve/source.ts";
import type { JobStore } from "../store/jobs.ts";
import { exposedAs } from "../view/metrics/accept.ts";
import { CONTENT_TYPES, exposition, type ExpositionOptions } from "../view/metrics/exposition.ts";
import type { NodeMetrics } from "../view/metrics/node_metrics.ts";
import { MetricsCollector } from "./collect_metrics.ts";
import type { Context } from "./context.ts";
import { answerApi, refusal } from "./plain_api.ts";

/** Keeps what it knows from one scrape to the next; scrapes at the same time share one look. */
export function makePlainSource(
  context: Context,
  { compat = null }: Partial<Pick<ExpositionOptions, "compat">> = {},
): PlainSource {
  const stores = new Map<string, JobStore>();
  const kept = keeping(context, stores);
  const collector = new MetricsCollector(kept);
  let looking: Promise<NodeMetrics> | null = null;
  const look = () =>
    looking ??= collector.collect().finally(() => {
      looking = null;
    });
  return {
    api: async (path, query) => forgetting(await answerApi(kept, path, query)),
    async metrics(accept): Promise<Answer> {
      try {
        const format = exposedAs(accept);
        const body = [...exposition(await look(), { format, compat })].join("");
        return { status: 200, contentType: CONTENT_TYPES[format], body };
      } catch (error) {
        return forgetting(refusal(error));
      }
    },
  };

  /** What failed may be the store that was kept: the next answer opens it anew. */
  function forgetting(answer: Answer): Answer {
    if (answer.status >= 500) stores.clear();
    return answer;
  }
}

/** A server opens each store once, and not for each answer. */
function keeping(context: Context, stores: Map<string, JobStore>): Context {
  const openStore: Context["openStore"] = (actor) => {
    const store = stores.get(actor) ?? context.openStore(actor);
    stores.set(actor, store);
    return store;
  };
  return { ...context, openStore };
}
