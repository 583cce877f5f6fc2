/**
 * The metrics on a port of their own, without a token: Prometheus can send one, and node-local agents often cannot. Names, users and refs of live
 * jobs are in them, which every user of the node can then read; nothing can be changed here, and nothing else is answered. The Host is checked
 * all the same: a page of elsewhere that rebinds its name reads nothing.
 */
import { errorText } from "../base/errors.ts";
import { loopbackPort } from "./access.ts";
import { answer } from "./headers.ts";
import { targetOf } from "./routes.ts";
import type { PlainSource } from "./source.ts";

const TEXT_TYPE = "text/plain; charset=utf-8";

/** Of Deno.serve. Never rejects. */
export async function respondMetrics(
  { method, url, headers }: Request,
  plain: Pick<PlainSource, "metrics">,
  warn: (line: string) => void,
): Promise<Response> {
  if (loopbackPort(headers.get("host")) === null) {
    return answer(421, TEXT_TYPE, "this server answers to localhost only\n");
  }
  if (targetOf(url).path !== "/metrics") return answer(404, TEXT_TYPE, "only /metrics is here\n");
  if (method !== "GET" && method !== "HEAD") {
    return answer(405, TEXT_TYPE, "only GET here\n", { allow: "GET, HEAD" });
  }
  try {
    const { status, contentType, body } = await plain.metrics(headers.get("accept"));
    return answer(status, contentType, body);
  } catch (error) {
    warn(`the metrics cannot be made: ${errorText(error)}`);
    return answer(500, TEXT_TYPE, "corral serve failed; see its log\n");
  }
}
