/** systemctl, loginctl and crontab of a fake node: they remember what they were told. */
import type { CommandResult } from "../../../src/linux/command.ts";

const NOT_INSTALLED = 127;

export class FakeTools {
  /** Every command that changes something, as a line. */
  readonly calls: string[] = [];
  /** null: none yet. */
  crontab: string | null = null;
  hasCrontab = true;
  lingers = true;
  /** Of the sweep's timer. */
  timerIsOn = false;
  /** Its files have changed since systemd read them. */
  needsReload = false;
  /** Words of a systemctl command that fails. */
  failing: string | null = null;

  readonly run = (argv: readonly string[]): Promise<CommandResult> => {
    const [program, ...args] = argv;
    if (program === "systemctl") {
      return Promise.resolve(this.#systemctl(args.filter((word) => word !== "--user"), argv));
    }
    if (program === "crontab" && this.hasCrontab) return Promise.resolve(this.#crontab(args));
    if (program === "loginctl") return Promise.resolve(result(0, this.lingers ? "yes\n" : "no\n"));
    return Promise.resolve(result(NOT_INSTALLED));
  };

  #systemctl([verb]: string[], argv: readonly string[]): CommandResult {
    if (verb === "show") return result(0, this.needsReload ? "no\nyes\n" : "no\nno\n");
    if (verb === "is-enabled" || verb === "is-active") return result(this.timerIsOn ? 0 : 3);
    const line = argv.join(" ");
    if (verb === this.failing) return result(1, "", "it is broken");
    this.calls.push(line);
    if (verb === "daemon-reload") this.needsReload = false;
    if (verb === "restart") this.timerIsOn = true;
    if (verb === "disable") this.timerIsOn = false;
    return result(0);
  }

  #crontab([word = ""]: string[]): CommandResult {
    if (word === "-l") {
      return this.crontab === null ? result(1, "", "no crontab for alice") : result(0, this.crontab);
    }
    this.calls.push(word === "-r" ? "crontab -r" : "crontab FILE");
    this.crontab = word === "-r" ? null : Deno.readTextFileSync(word);
    return result(0);
  }
}

function result(code: number, stdout = "", stderr = ""): CommandResult {
  return { code, stdout, stderr };
}
