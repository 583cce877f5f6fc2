/** The process behind store_worker.ts: opens the store and makes the calls that come on stdin, a line each, until its end. */
import { errorText } from "../base/errors.ts";
import { JobStore } from "./jobs.ts";
import type { RemoteAnswer, RemoteCall, RemotePlace } from "./remote_store.ts";

/** How long it waits for another process's lock; its caller waits no longer than it likes. */
const BUSY_WAIT_MS = 1_000;

/** Resolves at the end of stdin: the launch is over. */
export async function serveStore(): Promise<void> {
  // They are for the job, whose supervisor lets this process go.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) Deno.addSignalListener(signal, () => {});
  let [pending, place]: [string, RemotePlace | null] = ["", null];
  let store: JobStore | null = null;
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (pending + text).split("\n");
    pending = lines.pop() ?? "";
    for (const line of lines) {
      if (place === null) place = JSON.parse(line) as RemotePlace;
      else answer(JSON.parse(line), place);
    }
  }

  function answer({ name, args }: RemoteCall, { directory, fileName, actor }: RemotePlace): void {
    let said: RemoteAnswer;
    try {
      store ??= JobStore.open(directory, fileName, actor, BUSY_WAIT_MS);
      const result = (store[name] as (...args: unknown[]) => unknown).apply(store, args);
      said = { result: result ?? null };
    } catch (error) {
      said = { error: errorText(error) };
    }
    const bytes = new TextEncoder().encode(`${JSON.stringify(said)}\n`);
    for (let done = 0; done < bytes.length;) done += Deno.stdout.writeSync(bytes.subarray(done));
  }
}
