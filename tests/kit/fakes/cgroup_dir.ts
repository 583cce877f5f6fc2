/** A temporary directory as a cgroup2 mount. Files hold what a test puts there; nothing happens by itself. */
import { CgroupFs, type OwnedCgroup } from "../../../src/cgroup/file.ts";
import type { CgroupRecord } from "../../../src/job/job.ts";
import { JOB_ID } from "./job.ts";
import { TempDir } from "./temp.ts";

export const JOB_PATH = `/corral/${JOB_ID}`;

/** What every cgroup of a kernel without controllers has. */
const CORE_FILES = {
  "cgroup.events": "populated 1\nfrozen 0\n",
  "cgroup.procs": "",
  "cgroup.freeze": "0\n",
  "cgroup.kill": "",
};

export class CgroupDir implements Disposable {
  readonly #temp = new TempDir();
  readonly fs: CgroupFs;

  /** @param ownPath the cgroup in which corral itself is */
  constructor(ownPath = "/elsewhere") {
    this.fs = new CgroupFs(this.#temp.path, ownPath);
  }

  get mount(): string {
    return this.#temp.path;
  }

  /** Makes a cgroup with the core files and these; its record. */
  add(path: string, files: Readonly<Record<string, string>> = {}): CgroupRecord {
    Deno.mkdirSync(this.mount + path, { recursive: true });
    for (const [file, text] of Object.entries({ ...CORE_FILES, ...files })) this.put(path, file, text);
    return { path, inode: Deno.lstatSync(this.mount + path).ino! };
  }

  /** A cgroup of JOB_ID, with the right to it. */
  own(files: Readonly<Record<string, string>> = {}, path = JOB_PATH): OwnedCgroup {
    return this.fs.own(this.add(path, files), JOB_ID);
  }

  put(path: string, file: string, text: string): void {
    Deno.writeTextFileSync(`${this.mount}${path}/${file}`, text);
  }

  take(path: string, file: string): void {
    Deno.removeSync(`${this.mount}${path}/${file}`);
  }

  text(path: string, file: string): string {
    return Deno.readTextFileSync(`${this.mount}${path}/${file}`);
  }

  /** As the kernel, which removes a cgroup with its control files. */
  vanish(path: string): void {
    Deno.removeSync(this.mount + path, { recursive: true });
  }

  [Symbol.dispose](): void {
    this.#temp[Symbol.dispose]();
  }
}
