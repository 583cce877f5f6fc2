/**
 * The thread behind remote_calls.ts: hands the calls on to a process that makes them, one after the other. That process is the one that
 * has the file open: what is left of a process on a file system that does not answer is not over before the file is closed.
 */
import type { RemoteCall, RemoteStart } from "./remote_calls.ts";
import { views, WORD } from "./remote_calls.ts";

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<RemoteStart | RemoteCall>) => void;
};
let serve: ((call: RemoteCall) => Promise<void>) | null = null;
let before: Promise<void> = Promise.resolve();

scope.onmessage = ({ data }) => {
  if ("shared" in data) serve = serverOf(data);
  else before = before.then(() => serve?.(data));
};

function serverOf({ shared, place, argv }: RemoteStart): (call: RemoteCall) => Promise<void> {
  const { words, answer } = views(shared);
  const [program, ...args] = argv;
  const child = new Deno.Command(program!, {
    args,
    cwd: "/",
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const calls = child.stdin.getWriter();
  const answers = linesOf(child.stdout);
  calls.write(line(place)).catch(() => {});
  return async (call) => {
    if (Atomics.load(words, WORD.GIVEN_UP) >= call.number) {
      return void Atomics.store(words, WORD.ANSWERED, call.number);
    }
    const said = await ask(call);
    let bytes = new TextEncoder().encode(said);
    if (bytes.length > answer.length) bytes = new TextEncoder().encode('{"error":"too long"}');
    answer.set(bytes);
    Atomics.store(words, WORD.LENGTH, bytes.length);
    Atomics.store(words, WORD.ANSWERED, call.number);
    Atomics.notify(words, WORD.ANSWERED);
  };

  async function ask(call: RemoteCall): Promise<string> {
    try {
      await calls.write(line(call));
      const { value, done } = await answers.next();
      if (!done) return value;
    } catch {
      // As if it had ended.
    }
    return '{"error":"the process for the store has ended"}';
  }
}

function line(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${JSON.stringify(value)}\n`);
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string, void> {
  let pending = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (pending + text).split("\n");
    pending = lines.pop() ?? "";
    yield* lines;
  }
}
