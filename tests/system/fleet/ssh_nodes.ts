/** Three nodes on this machine: an sshd each, on a loopback address, in a UTS namespace with a name of its own, with a store of its own. */
import { poll } from "../../../src/base/poll.ts";
import { runCommand } from "../../kit/machine/command.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

const PORT = 22_022;
const TIMEOUT_MS = 20_000;
const NAMES = ["node1", "node2", "node3"];

export class SshNodes implements AsyncDisposable {
  readonly temp = new TempDir();
  readonly #servers: Deno.ChildProcess[] = [];

  /** Answers to log-ins when it returns. `stateDirs`: of each node's corral. */
  static async start(corral: string, stateDirs: readonly string[]): Promise<SshNodes> {
    const nodes = new SshNodes();
    try {
      Deno.mkdirSync(`${nodes.temp.path}/bin`);
      Deno.symlinkSync(corral, `${nodes.temp.path}/bin/corral`);
      await nodes.#start(stateDirs);
      return nodes;
    } catch (error) {
      await nodes[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #start(stateDirs: readonly string[]): Promise<void> {
    const { path } = this.temp;
    for (const key of ["host", "user"]) {
      await runCommand(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", `${path}/${key}`], {
        timeoutMs: TIMEOUT_MS,
      });
    }
    Deno.mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
    this.temp.write("ssh_config", this.#clientConfig());
    this.temp.write("clush.conf", `[Main]\nssh_options: -F ${path}/ssh_config\n`);
    this.temp.write(
      "groups.conf",
      "[Main]\ndefault: site\n[site]\nmap: echo node[1-3]\nall: echo node[1-3]\n",
    );
    for (const [index, name] of NAMES.entries()) this.#serve(index, name, stateDirs[index]!);
    for (const name of NAMES) await this.#answers(name);
  }

  /** For clush and corral to find the nodes and each other. */
  get env(): Record<string, string> {
    const { path } = this.temp;
    return { PATH: `${path}/bin:/usr/bin:/bin`, CLUSTERSHELL_CFGDIR: path, HOME: path };
  }

  #clientConfig(): string {
    const { path } = this.temp;
    const hosts = [...NAMES, "node4"].map((name, index) => `Host ${name}\n  HostName 127.0.0.${index + 2}\n`);
    return `${hosts.join("")}Host *
  Port ${PORT}
  User root
  IdentityFile ${path}/user
  IdentitiesOnly yes
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  LogLevel ERROR
`;
  }

  #serve(index: number, name: string, stateDir: string): void {
    const { path } = this.temp;
    const config = this.temp.write(
      `${name}.conf`,
      `ListenAddress 127.0.0.${index + 2}:${PORT}
HostKey ${path}/host
AuthorizedKeysFile ${path}/user.pub
PidFile none
StrictModes no
PermitRootLogin yes
SetEnv CORRAL_STATE_DIR=${stateDir} PATH=${path}/bin:/usr/bin:/bin
`,
    );
    const script = `hostname ${name} && exec /usr/sbin/sshd -D -e -f ${config}`;
    const args = ["--uts", "--kill-child", "sh", "-c", script];
    this.#servers.push(
      new Deno.Command("unshare", { args, stdin: "null", stdout: "null", stderr: "null" }).spawn(),
    );
  }

  async #answers(name: string): Promise<void> {
    const ask = () => this.#ssh(name, "hostname").trim() === name;
    if (!await poll(ask, TIMEOUT_MS)) throw new Error(`the sshd of ${name} does not answer`);
  }

  #ssh(name: string, command: string): string {
    const args = ["-F", `${this.temp.path}/ssh_config`, name, command];
    const { stdout } = new Deno.Command("ssh", { args, stdin: "null" }).outputSync();
    return new TextDecoder().decode(stdout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) {
      server.kill("SIGKILL");
      await server.status;
    }
    this.temp[Symbol.dispose]();
  }
}
