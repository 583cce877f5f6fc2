/**
 * One connection to a systemd manager's own socket (/run/systemd/private, or systemd/private in the user's runtime directory): the one
 * that systemctl uses. No bus daemon is in between, so none has to run, and none refuses when hundreds of jobs start at once. Only what
 * systemd does not do for whom it does not know from a bus is asked for on the system bus.
 */
import { pause } from "../base/poll.ts";
import { crashPoint } from "../base/crash_point.ts";
import { errorCode } from "../base/errno.ts";
import { CorralError } from "../base/errors.ts";
import { type DBusMessage, DBusWriter, decodeMessage, encodeCall, type MethodCall } from "./wire.ts";

/** A refusal by systemd. The message is systemd's own. */
export class SystemdRefusal extends CorralError {
  override name = "SystemdRefusal";

  /** @param errorName such as org.freedesktop.systemd1.UnitExists; null when the manager did not answer at all */
  constructor(message: string, readonly errorName: string | null, cause?: unknown) {
    super(message, { cause });
  }
}

/** systemd did not answer in time: it may have done what it was asked for, or do it later. */
export class SystemdSilence extends SystemdRefusal {
  override name = "SystemdSilence";
}

const DESTINATION = "org.freedesktop.systemd1";
const PATH = "/org/freedesktop/systemd1";
const MANAGER = "org.freedesktop.systemd1.Manager";
/** The bus daemon itself. */
const BUS = {
  destination: "org.freedesktop.DBus",
  path: "/org/freedesktop/DBus",
  interface: "org.freedesktop.DBus",
};
const NEWLINE = 0x0a;
const READ_BYTES = 65_536;
/**
 * systemd's own default for anything that starts. A manager that takes longer hangs, or the node is overrun; it may carry out the call later,
 * so the caller cleans up by unit name.
 */
const CALL_CAP_MS = 90_000;
/** The listening socket's queue is full for a moment when hundreds connect at once; a manager that re-executes itself refuses. */
const CONNECT_TRIES = 60;
const CONNECT_PAUSE_MS = 50;

/** How a job of systemd's (not of corral's) ended: `done`, `failed`, `canceled`, `timeout`, `dependency`, `skipped`. */
export type JobResult = string;

/** A method of the manager's, with what it is given. */
export interface ManagerCall {
  member: string;
  signature: string;
  body: (writer: DBusWriter) => void;
}

/** Calls a method of the manager; the reply. Throws SystemdRefusal. */
export async function callManager(socketPath: string, uid: number, call: ManagerCall): Promise<DBusMessage> {
  using line = await Line.open(socketPath, uid);
  return await line.call(call);
}

/** As `Line.callForJob`, on a connection of its own. Throws SystemdRefusal. */
export async function callForJob(socketPath: string, uid: number, call: ManagerCall): Promise<JobResult> {
  using line = await Line.open(socketPath, uid);
  return await line.callForJob(call);
}

/** One open connection, introduced to the manager. Takes one call after the other. */
export class Line implements Disposable {
  #serial = 0;
  #isClosed = false;
  readonly #input: Input;
  /** How much was received that was meant for others. */
  passedOver = 0;

  private constructor(readonly connection: Deno.UnixConn, readonly socketPath: string) {
    this.#input = new Input(connection);
  }

  /**
   * Connects and introduces this user; `isBus`: to the system manager through the bus at `socketPath`, for methods that look up their caller's
   * credentials, which systemd (252, 257) refuses with EBADR on its own socket. Throws SystemdRefusal.
   */
  static async open(
    socketPath: string,
    uid: number,
    { isBus }: { isBus: boolean } = { isBus: false },
  ): Promise<Line> {
    const line = new Line(await connect(socketPath), socketPath);
    try {
      await line.#bounded(async () => {
        await line.#authenticate(uid);
        if (isBus) await line.#introduce();
      });
      return line;
    } catch (error) {
      line.close();
      throw error;
    }
  }

  /** The reply. Throws SystemdRefusal. */
  async call(call: ManagerCall): Promise<DBusMessage> {
    return await this.#bounded(() => this.#request(call));
  }

  /**
   * Calls a method that answers with a job (StartTransientUnit, StopUnit) and waits until that job is through: its result. Signals need no
   * subscription on this socket. Throws SystemdRefusal.
   */
  async callForJob(call: ManagerCall): Promise<JobResult> {
    return await this.#bounded(async () => {
      const job = (await this.#request(call)).body.string();
      for (;;) {
        const message = await this.#input.message();
        this.passedOver++;
        if (message.kind !== "signal" || message.member !== "JobRemoved") continue;
        message.body.uint32();
        if (message.body.string() !== job) continue;
        message.body.string();
        return message.body.string();
      }
    });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.connection.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #request(call: ManagerCall): Promise<DBusMessage> {
    const body = new DBusWriter();
    call.body(body);
    const serial = await this.#send({
      destination: DESTINATION,
      path: PATH,
      interface: MANAGER,
      member: call.member,
      signature: call.signature,
      body: body.bytes,
    });
    crashPoint("systemd: request sent");
    return await this.#replyTo(serial);
  }

  /** Runs a step of the conversation; one that takes too long closes the connection. Throws SystemdRefusal. */
  async #bounded<T>(step: () => Promise<T>): Promise<T> {
    let tooLate = false;
    const timer = setTimeout(() => {
      tooLate = true;
      this.close();
    }, CALL_CAP_MS);
    try {
      return await step();
    } catch (error) {
      if (error instanceof CorralError) throw error;
      if (tooLate) throw new SystemdSilence(`no answer within ${CALL_CAP_MS / 1000} s`, null, error);
      throw new SystemdRefusal(`${this.socketPath}: ${(error as Error).message}`, null, error);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * SASL with the peer's uid (D-Bus specification, "Authentication Protocol"). The first message must wait for the answer: systemd 252
   * leaves one that comes along with BEGIN in its buffer until more arrives.
   */
  async #authenticate(uid: number): Promise<void> {
    const hexUid = [...String(uid)].map((digit) => digit.charCodeAt(0).toString(16)).join("");
    await sendAll(this.connection, new TextEncoder().encode(`\0AUTH EXTERNAL ${hexUid}\r\nBEGIN\r\n`));
    const answer = await this.#input.line();
    if (!answer.startsWith("OK ")) {
      throw new SystemdRefusal(`systemd refused the connection: ${answer}`, null);
    }
  }

  /** "Hello" has to be the first message on a bus (D-Bus specification, "Message Bus Messages"). */
  async #introduce(): Promise<void> {
    const serial = await this.#send({ ...BUS, member: "Hello", signature: "", body: new Uint8Array() });
    await this.#replyTo(serial);
  }

  /** The serial that the reply will bear. */
  async #send(call: Omit<MethodCall, "serial">): Promise<number> {
    const serial = ++this.#serial;
    await sendAll(this.connection, encodeCall({ serial, ...call }));
    return serial;
  }

  /** Skips messages for others. Throws SystemdRefusal when the answer is an error. */
  async #replyTo(serial: number): Promise<DBusMessage> {
    for (;;) {
      const reply = await this.#input.message();
      this.passedOver++;
      if (reply.kind === "signal" || reply.replySerial !== serial) continue;
      if (reply.kind === "error") throw new SystemdRefusal(errorText(reply), reply.errorName);
      return reply;
    }
  }
}

async function connect(path: string): Promise<Deno.UnixConn> {
  for (let attempt = 1;; attempt++) {
    try {
      return await Deno.connect({ transport: "unix", path });
    } catch (cause) {
      if (!isForAMoment(cause) || attempt === CONNECT_TRIES) {
        throw new SystemdRefusal(`cannot reach systemd at ${path}: ${(cause as Error).message}`, null, cause);
      }
      await pause(CONNECT_PAUSE_MS * (0.5 + Math.random()));
    }
  }
}

/** The queue is full (EAGAIN), or the manager re-executes itself (ECONNREFUSED, ECONNRESET for some 0.2 s). */
function isForAMoment(cause: unknown): boolean {
  const { WouldBlock, ConnectionRefused, ConnectionReset } = Deno.errors;
  return [WouldBlock, ConnectionRefused, ConnectionReset].some((kind) => cause instanceof kind) ||
    ["EAGAIN", "ECONNREFUSED", "ECONNRESET"].includes(errorCode(cause) ?? "");
}

async function sendAll(connection: Deno.UnixConn, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await connection.write(bytes.subarray(done));
}

/** What has been received and not yet been read. */
class Input {
  #pending = new Uint8Array(0);

  constructor(readonly connection: Deno.UnixConn) {}

  async line(): Promise<string> {
    let end: number;
    while ((end = this.#pending.indexOf(NEWLINE)) < 0) await this.#more();
    const text = new TextDecoder().decode(this.#pending.subarray(0, end)).trim();
    this.#pending = this.#pending.subarray(end + 1);
    return text;
  }

  async message(): Promise<DBusMessage> {
    for (;;) {
      const decoded = decodeMessage(this.#pending);
      if (decoded !== null) {
        // Not a copy: systemd sends every unit's signals to every connection, thousands when hundreds of jobs start at once.
        this.#pending = this.#pending.subarray(decoded.length);
        return decoded.message;
      }
      await this.#more();
    }
  }

  async #more(): Promise<void> {
    const chunk = new Uint8Array(READ_BYTES);
    const count = await this.connection.read(chunk);
    if (count === null) throw new SystemdRefusal("systemd closed the connection", null);
    const received = chunk.subarray(0, count);
    this.#pending = this.#pending.length === 0 ? received : concat(this.#pending, received);
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function errorText(reply: DBusMessage): string {
  return reply.signature.startsWith("s") ? reply.body.string() : reply.errorName ?? "no reason given";
}
