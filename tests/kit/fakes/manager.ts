/** A systemd manager that listens on a socket of its own: takes one call after the other, and answers as a test wants. */
import { type DBusMessage, DBusWriter, decodeMessage } from "../../../src/systemd/wire.ts";
import { TempDir } from "./temp.ts";

const ERROR = 3;
const RETURN = 2;
const SIGNAL = 4;
const CALL_SERIAL = 1;
const HELLO_SERIAL = 1;
/** Of the call on a bus, which comes after "Hello". */
export const SECOND_SERIAL = 2;
const FIELD = { member: 3, errorName: 4, replySerial: 5, signature: 8 } as const;

type Fields = Partial<Record<keyof typeof FIELD, string | number>>;

/** The bytes of a message such as systemd sends. */
function encode(kind: number, fields: Fields, body: (writer: DBusWriter) => void): Uint8Array {
  const content = new DBusWriter();
  body(content);
  const writer = new DBusWriter();
  for (const byte of [0x6c, kind, 0, 1]) writer.byte(byte);
  writer.uint32(content.bytes.length);
  writer.uint32(77);
  writer.array(8, () => {
    for (const [name, value] of Object.entries(fields)) writeField(writer, name as keyof typeof FIELD, value);
  });
  writer.align(8);
  writer.raw(content.bytes);
  return writer.bytes;
}

function writeField(writer: DBusWriter, name: keyof typeof FIELD, value: string | number): void {
  writer.align(8);
  writer.byte(FIELD[name]);
  writer.signature(typeof value === "number" ? "u" : name === "signature" ? "g" : "s");
  if (typeof value === "number") writer.uint32(value);
  else if (name === "signature") writer.signature(value);
  else writer.string(value);
}

export const replyWithJob = (job: string, serial = CALL_SERIAL) =>
  encode(RETURN, { replySerial: serial, signature: "o" }, (writer) => writer.string(job));

export const emptyReply = (serial = CALL_SERIAL) => encode(RETURN, { replySerial: serial }, () => {});

export const errorReply = (errorName: string, message: string, serial = CALL_SERIAL) =>
  encode(ERROR, { errorName, replySerial: serial, signature: "s" }, (writer) => writer.string(message));

export const bareErrorReply = (errorName: string) =>
  encode(ERROR, { errorName, replySerial: CALL_SERIAL }, () => {});

/** The signal at the end of a job of systemd's: id, object path, unit, result. */
export const jobRemoved = (job: string, result: string, member = "JobRemoved") =>
  encode(SIGNAL, { member, signature: "uoss" }, (writer) => {
    writer.uint32(12);
    for (const text of [job, "corral-7k2m9q.scope", result]) writer.string(text);
  });

/** What the manager does with a call: the bytes it sends back, and whether it then hangs up. */
export interface Answer {
  messages?: readonly Uint8Array[];
  /** To a second call on the same connection; without, the manager hangs up after the first. */
  afterwards?: readonly Uint8Array[];
  /** Instead of `OK …`. */
  greeting?: string;
}

export class FakeManager implements AsyncDisposable {
  readonly #temp = new TempDir();
  readonly #listener: Deno.UnixListener;
  readonly #serving: Promise<void>;
  /** The calls in the order in which they came. */
  readonly calls: DBusMessage[] = [];
  /** The lines by which each caller introduced itself. */
  readonly greetings: string[] = [];
  /** How often a caller closed its connection instead of calling. */
  hangUps = 0;

  /** @param answers one for each connection; the last one holds for all that follow */
  constructor(...answers: Answer[]) {
    Deno.mkdirSync(`${this.run}/systemd`);
    this.#listener = Deno.listen({ transport: "unix", path: this.socketPath });
    this.#serving = this.#serve(answers);
  }

  /** Stands for /run. */
  get run(): string {
    return this.#temp.path;
  }

  get socketPath(): string {
    return `${this.run}/systemd/private`;
  }

  async #serve(answers: Answer[]): Promise<void> {
    for await (const connection of this.#listener) {
      using _closed = connection;
      await this.#answer(connection, answers.length > 1 ? answers.shift()! : answers[0]!);
    }
  }

  async #answer(
    connection: Deno.UnixConn,
    { messages = [], afterwards, greeting = "OK 0123abcd" }: Answer,
  ): Promise<void> {
    const chunk = new Uint8Array(65_536);
    const first = await connection.read(chunk) ?? 0;
    this.greetings.push(new TextDecoder().decode(chunk.subarray(0, first)));
    await connection.write(new TextEncoder().encode(`${greeting}\r\n`));
    if (!await this.#takeCall(connection, chunk)) return;
    // On a bus: the bus daemon answers first, and the call comes then.
    if (this.calls.at(-1)!.member === "Hello") {
      await connection.write(emptyReply(HELLO_SERIAL));
      if (!await this.#takeCall(connection, chunk)) return;
    }
    await this.#send(connection, messages);
    if (afterwards !== undefined && await this.#takeCall(connection, chunk)) {
      await this.#send(connection, afterwards);
    }
  }

  /** One byte at a time at first: a message may arrive in any pieces. */
  async #send(connection: Deno.UnixConn, messages: readonly Uint8Array[]): Promise<void> {
    for (const bytes of messages) {
      await connection.write(bytes.subarray(0, 1));
      await connection.write(bytes.subarray(1));
    }
  }

  async #takeCall(connection: Deno.UnixConn, chunk: Uint8Array): Promise<boolean> {
    const count = await connection.read(chunk);
    if (count === null) this.hangUps++;
    else this.calls.push(decodeMessage(chunk.slice(0, count))!.message);
    return count !== null;
  }

  /** Also where the system bus would be. */
  get asBus(): string {
    Deno.mkdirSync(`${this.run}/dbus`, { recursive: true });
    const path = `${this.run}/dbus/system_bus_socket`;
    Deno.symlinkSync(this.socketPath, path);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#serving;
    this.#temp[Symbol.dispose]();
  }
}
