/** This side of agent.py: commands in a machine over one connection, any number at a time. */
import { Buffer } from "node:buffer";
import type { ExecOptions, ExecResult, Running } from "./machine.ts";

/** How long a command may take before it is killed, before the machine's slowness. */
const DEFAULT_TIMEOUT_MS = 60_000;
const STDIN_CHUNK_BYTES = 48 * 1024;
const OUTPUT_TAIL_CHARS = 2000;

type Event =
  | { id: number; event: "hello"; controllers: string[] }
  | { id: number; event: "started"; pid: number }
  | { id: number; event: "stdout" | "stderr"; data: string }
  | { id: number; event: "exit"; code: number; signal: string | null }
  | { id: number; event: "refused"; message: string };

export interface AgentOptions {
  connection: Deno.Conn;
  slowness: number;
  /** What to add to an error when the machine is gone. */
  describeMachine: () => string;
}

export class AgentClient {
  readonly controllers: Promise<ReadonlySet<string>>;
  readonly #options: AgentOptions;
  readonly #hello = Promise.withResolvers<ReadonlySet<string>>();
  readonly #commands = new Map<number, AgentCommand>();
  #lastId = 0;
  #writing: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: AgentOptions) {
    this.#options = options;
    this.controllers = this.#hello.promise;
    this.#hello.promise.catch(() => {});
    this.#readEvents();
  }

  async start(argv: readonly string[], options: ExecOptions): Promise<Running> {
    if (this.#closed) throw this.#gone();
    const id = ++this.#lastId;
    const timeoutMs = (options.timeoutMs ?? DEFAULT_TIMEOUT_MS) * this.#options.slowness;
    const command = new AgentCommand(argv, timeoutMs, (message) => this.#send({ id, ...message }));
    this.#commands.set(id, command);
    const { stdin, timeoutMs: _, ...request } = options;
    await this.#send({ id, kind: "start", argv, stdin: stdin !== undefined, ...request });
    if (stdin !== undefined) {
      command.feed(typeof stdin === "string" ? new TextEncoder().encode(stdin) : stdin);
    }
    await command.started;
    return command;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.connection.close();
  }

  /** Messages are written whole and in order; a virtio port takes a few KB at a time. */
  #send(message: Record<string, unknown>): Promise<void> {
    let bytes = new TextEncoder().encode(JSON.stringify(message) + "\n");
    this.#writing = this.#writing.then(async () => {
      while (bytes.length > 0) bytes = bytes.subarray(await this.#options.connection.write(bytes));
    });
    return this.#writing;
  }

  async #readEvents(): Promise<void> {
    const lines = this.#options.connection.readable.pipeThrough(new TextDecoderStream());
    let rest = "";
    try {
      for await (const chunk of lines) {
        const parts = (rest + chunk).split("\n");
        rest = parts.pop()!;
        for (const line of parts) this.#dispatch(JSON.parse(line) as Event);
      }
    } catch (error) {
      if (!this.#closed) console.error(`machine: ${error}`);
    }
    this.#closed = true;
    this.#hello.reject(this.#gone());
    for (const command of this.#commands.values()) command.fail(this.#gone());
  }

  #dispatch(event: Event): void {
    if (event.event === "hello") return this.#hello.resolve(new Set(event.controllers));
    this.#commands.get(event.id)?.receive(event);
    if (event.event === "exit" || event.event === "refused") this.#commands.delete(event.id);
  }

  #gone(): Error {
    return new Error(`The machine is gone\n${this.#options.describeMachine()}`);
  }
}

type Send = (message: Record<string, unknown>) => Promise<void>;

class AgentCommand implements Running {
  pid = 0;
  readonly started: Promise<void>;
  readonly #start = Promise.withResolvers<void>();
  readonly #end = Promise.withResolvers<ExecResult>();
  readonly #output = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  readonly #timer: number;
  readonly #send: Send;

  constructor(argv: readonly string[], timeoutMs: number, send: Send) {
    this.#send = send;
    this.started = this.#start.promise;
    this.#end.promise.catch(() => {});
    this.#timer = setTimeout(() => this.#timeOut(argv, timeoutMs), timeoutMs);
  }

  wait(): Promise<ExecResult> {
    return this.#end.promise;
  }

  async kill(signal: Deno.Signal): Promise<void> {
    await this.#send({ kind: "kill", signal });
  }

  async feed(data: Uint8Array): Promise<void> {
    for (let at = 0; at < data.length; at += STDIN_CHUNK_BYTES) {
      const chunk = data.subarray(at, at + STDIN_CHUNK_BYTES);
      await this.#send({ kind: "stdin", data: Buffer.from(chunk).toString("base64") });
    }
    await this.#send({ kind: "eof" });
  }

  receive(event: Event): void {
    if (event.event === "started") {
      this.pid = event.pid;
      this.#start.resolve();
    } else if (event.event === "stdout" || event.event === "stderr") {
      this.#output[event.event].push(Buffer.from(event.data, "base64"));
    } else if (event.event === "exit") {
      clearTimeout(this.#timer);
      this.#end.resolve({ code: event.code, signal: event.signal, ...this.#collected() });
    } else if (event.event === "refused") {
      this.fail(new Error(`Cannot start the command: ${event.message}`));
    }
  }

  fail(error: Error): void {
    clearTimeout(this.#timer);
    this.#start.reject(error);
    this.#end.reject(error);
  }

  #timeOut(argv: readonly string[], timeoutMs: number): void {
    this.#send({ kind: "kill", signal: "SIGKILL", group: true }).catch(() => {});
    const { stdout, stderr } = this.#collected();
    const error = new Error(
      `Timed out after ${timeoutMs} ms: ${argv.join(" ")}\n` +
        `stdout: ${stdout.slice(-OUTPUT_TAIL_CHARS)}\nstderr: ${stderr.slice(-OUTPUT_TAIL_CHARS)}`,
    );
    this.#start.reject(error);
    this.#end.reject(error);
  }

  #collected(): Pick<ExecResult, "stdout" | "stderr" | "stdoutBytes"> {
    const stdout = Buffer.concat(this.#output.stdout);
    const stderr = Buffer.concat(this.#output.stderr);
    return { stdout: stdout.toString(), stderr: stderr.toString(), stdoutBytes: new Uint8Array(stdout) };
  }
}
