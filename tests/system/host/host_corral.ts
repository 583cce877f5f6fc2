/** The built corral on this machine itself: a store of its own, jobs below the cgroup of the machine under test, which its keeper clears. */
import assert from "node:assert/strict";
import { poll } from "../../../src/base/poll.ts";
import { cgroup2Mount } from "../../kit/machine/cgroup2.ts";
import type { Machine } from "../../kit/machine/machine.ts";
import type { JobJson, LiveJson } from "../machine/caller.ts";

const PATIENCE_MS = 20_000;
const START_LINE = /^corral: job (\w{6}) started \(pid (\d+), cgroup (\S+)\)$/m;

export interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

export class HostCorral implements AsyncDisposable {
  readonly stateDir = Deno.makeTempDirSync({ prefix: "corral-host-" });
  #receipts = 0;

  private constructor(readonly binary: string, readonly root: string) {}

  static async on(machine: Machine): Promise<HostCorral> {
    const { stdout } = await machine.exec(["cat", "/proc/self/cgroup"]);
    const root = /^0::(.*)$/m.exec(stdout)?.[1] ?? "/";
    return new HostCorral(machine.corral, root);
  }

  get storeFile(): string {
    return `${this.stateDir}/corral.db`;
  }

  /** Where the cgroups of the jobs are. */
  get jobsDirectory(): string {
    return `${cgroup2Mount()}${this.root}/corral`;
  }

  command(args: readonly string[], options: Deno.CommandOptions = {}): Deno.Command {
    return new Deno.Command(this.binary, {
      args: ["--state-dir", this.stateDir, ...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      ...options,
      env: { CORRAL_CGROUP_ROOT: this.root, ...options.env },
    });
  }

  /** Any command to its end. */
  async corral(...args: string[]): Promise<Result> {
    const { code, stdout, stderr } = await this.command(args).output();
    return { code, stdout: decode(stdout), stderr: decode(stderr) };
  }

  /** One job to its end, with its receipt. */
  async run(options: readonly string[], argv: readonly string[]): Promise<Result & { job: JobJson }> {
    const receipt = `${this.stateDir}/${++this.#receipts}.json`;
    const words = ["run", "--backend", "cgroupfs", "--receipt", receipt, ...options, "--", ...argv];
    const result = await this.corral(...words);
    return { ...result, job: JSON.parse(Deno.readTextFileSync(receipt)) };
  }

  /** A job that is waited for until its command runs and has said a line. */
  async start(options: readonly string[], argv: readonly string[]): Promise<LiveRun> {
    const process = this.command(["run", "--backend", "cgroupfs", ...options, "--", ...argv]).spawn();
    return await LiveRun.from(process);
  }

  async show(job: string): Promise<LiveJson> {
    return JSON.parse((await this.corral("show", "--json", job)).stdout);
  }

  /** True when the kernel has nothing of the job any more: neither its cgroup nor a process with its marker. */
  isGone(id: string): boolean {
    return !exists(`${this.jobsDirectory}/${id}`) && markedProcesses(id).length === 0;
  }

  /** Fails when a cgroup of any job of this store is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    const left = exists(this.jobsDirectory)
      ? [...Deno.readDirSync(this.jobsDirectory)].filter(({ isDirectory }) => isDirectory)
      : [];
    await this.corral("kill", "--all", "--yes", "--now");
    Deno.removeSync(this.stateDir, { recursive: true });
    assert.deepEqual(left.map(({ name }) => name), []);
  }
}

/** A job under way. */
export class LiveRun {
  private constructor(
    readonly process: Deno.ChildProcess,
    readonly id: string,
    readonly pid: number,
    readonly stdout: Reading,
    readonly stderr: Reading,
  ) {}

  static async from(process: Deno.ChildProcess): Promise<LiveRun> {
    const [stdout, stderr] = [new Reading(process.stdout), new Reading(process.stderr)];
    const [, id = "", pid = ""] = await stderr.until(START_LINE);
    await stdout.until(/\n/);
    return new LiveRun(process, id, Number(pid), stdout, stderr);
  }

  async end(): Promise<Result> {
    const [status, stdout, stderr] = await Promise.all([
      this.process.status,
      this.stdout.rest(),
      this.stderr.rest(),
    ]);
    return { code: status.code, stdout, stderr };
  }
}

/** A stream that is read as far as a test needs it. */
class Reading {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Reads until `pattern` matches what has come so far. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#text);
      if (match !== null) return match;
      if (!await this.#more()) assert.fail(`${pattern} never came, only ${JSON.stringify(this.#text)}`);
    }
  }

  async rest(): Promise<string> {
    while (await this.#more());
    return this.#text;
  }

  async #more(): Promise<boolean> {
    const { value, done } = await this.#reader.read();
    this.#text += value ?? "";
    return !done;
  }
}

export async function until(what: string, holds: () => boolean): Promise<void> {
  assert.ok(await poll(holds, PATIENCE_MS), `waited in vain until ${what}`);
}

export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Live processes with the marker of the job, wherever they are. */
export function markedProcesses(id: string): number[] {
  return [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter((pid) => {
    if (!Number.isInteger(pid)) return false;
    try {
      return `\0${Deno.readTextFileSync(`/proc/${pid}/environ`)}`.includes(`\0CORRAL_JOB_ID=${id}\0`);
    } catch {
      // Gone meanwhile, or a kernel thread.
      return false;
    }
  });
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
