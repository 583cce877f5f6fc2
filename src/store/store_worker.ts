/** The thread behind remote_store.ts: opens the store and makes the calls that it is sent, one after the other. */
import { errorText } from "../base/errors.ts";
import { JobStore } from "./jobs.ts";
import { type RemoteAnswer, type RemoteCall, type RemoteStart, views, WORD } from "./remote_store.ts";

/** How long it waits for another process's lock; its caller waits no longer than it likes. */
const BUSY_WAIT_MS = 1_000;

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<RemoteStart | RemoteCall>) => void;
};
let serve: ((call: RemoteCall) => void) | null = null;

scope.onmessage = ({ data }) => {
  if ("shared" in data) serve = serverOf(data);
  else serve?.(data);
};

function serverOf({ shared, place }: RemoteStart): (call: RemoteCall) => void {
  const { words, answer } = views(shared);
  let store: JobStore | null = null;
  return ({ number, name, args }) => {
    if (Atomics.load(words, WORD.GIVEN_UP) >= number) return void Atomics.store(words, WORD.ANSWERED, number);
    let said: RemoteAnswer;
    try {
      store ??= JobStore.open(place.directory, place.fileName, place.actor, BUSY_WAIT_MS);
      const result = (store[name] as (...args: unknown[]) => unknown).apply(store, args);
      said = { result: result ?? null };
    } catch (error) {
      said = { error: errorText(error) };
    }
    let bytes = new TextEncoder().encode(JSON.stringify(said));
    if (bytes.length > answer.length) bytes = new TextEncoder().encode('{"error":"too long"}');
    answer.set(bytes);
    Atomics.store(words, WORD.LENGTH, bytes.length);
    Atomics.store(words, WORD.ANSWERED, number);
    Atomics.notify(words, WORD.ANSWERED);
  };
}
