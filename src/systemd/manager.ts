/**
 * The few calls corral makes to systemd (org.freedesktop.systemd1(5)): to the system manager for root, to the user manager for any other
 * user. Measured with systemd 252 and 257.
 */
import type { Limits } from "../job/limits.ts";
import { HeldLine } from "./held_line.ts";
import { pause } from "../base/poll.ts";
import type { DBusWriter } from "./wire.ts";
import {
  callForJob,
  callManager,
  type JobResult,
  Line,
  type ManagerCall,
  SystemdRefusal,
  SystemdSilence,
} from "./connection.ts";
import {
  guardScopeName,
  guardScopeProperties,
  type JobUnits,
  limitProperties,
  onEndScopeName,
  onEndScopeProperties,
  type OnEndUnit,
  poolProperties,
  scopeName,
  scopeProperties,
  sliceName,
  sliceProperties,
  type UnitProperty,
} from "./unit_properties.ts";

/** The name of the error for a unit that is there already. */
export const UNIT_EXISTS = "org.freedesktop.systemd1.UnitExists";
/** A manager that re-executes itself closes its connections and refuses new ones for some 0.2 s. */
const HUNG_UP_TRIES = 6;
const HUNG_UP_PAUSE_MS = 100;
/** Messages around the start of one job; with more, others start at the same time, and the manager has enough to do without a listener. */
const QUIET_MESSAGES = 20;

/** One systemd manager: the system's, or that of a user. */
export class Systemd implements Disposable {
  readonly #socketPath: string;
  /** Where any user reaches the system manager (D-Bus specification, "System message bus"). */
  readonly systemBus: string;
  #isHolding = false;
  readonly #held = new HeldLine(() => Line.open(this.#socketPath, this.uid));
  /** On the bus. Its daemon counts the connections of a user (256), and of the closed ones all that it has not yet seen closed. */
  readonly #heldOnBus = new HeldLine(() => Line.open(this.systemBus, this.uid, { isBus: true }));

  /** @param runtimeDir of the user manager, such as /run/user/1000; null for the system manager */
  constructor(readonly runtimeDir: string | null, readonly uid: number, readonly runDir = "/run") {
    this.#socketPath = `${runtimeDir ?? runDir}/systemd/private`;
    this.systemBus = `${runDir}/dbus/system_bus_socket`;
  }

  /** From now on, the connection on which a job is started is also the one on which it is stopped, if that is soon. */
  hold(): void {
    this.#isHolding = true;
  }

  /** Closes what is held. */
  [Symbol.dispose](): void {
    this.#held.release();
    this.#heldOnBus.release();
  }

  /**
   * One StartTransientUnit call makes all units: the scope with the process in it, and (as auxiliary units) the slice with the limits and
   * the accounting, and the scope of the guard. Resolves when systemd has done so: `done`, or how it failed. Throws SystemdRefusal.
   */
  async startJob(units: JobUnits): Promise<JobResult> {
    return await this.#retried(() => this.#startOnce(units));
  }

  /** A request that was carried out although the connection broke leaves the second one with nothing to make: UnitExists. */
  async #startOnce(units: JobUnits): Promise<JobResult> {
    return await this.#callForJob({
      member: "StartTransientUnit",
      signature: "ssa(sv)a(sa(sv))",
      body: (writer) => {
        writer.string(scopeName(units.id));
        writer.string("fail");
        writeProperties(writer, scopeProperties(units));
        writer.array(8, () => {
          writer.align(8);
          writer.string(sliceName(units.id, units.outer));
          writeProperties(writer, sliceProperties(units));
          const { guardPid } = units;
          if (guardPid === null) return;
          writer.align(8);
          writer.string(guardScopeName(units.id));
          writeProperties(writer, guardScopeProperties({ ...units, guardPid }));
        });
      },
    });
  }

  /** Makes the slice of a pool, or gives the one that is there these limits. Throws SystemdRefusal. */
  async setPool(slice: string, limits: Limits): Promise<void> {
    try {
      await callForJob(this.#socketPath, this.uid, {
        member: "StartTransientUnit",
        signature: "ssa(sv)a(sa(sv))",
        body: (writer) => {
          writer.string(slice);
          writer.string("fail");
          writeProperties(writer, poolProperties(limits));
          writer.array(8, () => {});
        },
      });
    } catch (error) {
      if (!(error instanceof SystemdRefusal) || error.errorName !== UNIT_EXISTS) throw error;
      await this.setLimits(slice, limits);
    }
  }

  /** Makes the scope of an `--on-end` command around the process. Throws SystemdRefusal. */
  async startOnEnd(unit: OnEndUnit): Promise<JobResult> {
    const [name, ifThere] = [onEndScopeName(unit.id), "fail"];
    return await callForJob(this.#socketPath, this.uid, {
      member: "StartTransientUnit",
      signature: "ssa(sv)a(sa(sv))",
      body: (writer) => {
        writer.string(name);
        writer.string(ifThere);
        writeProperties(writer, onEndScopeProperties(unit));
        writer.array(8, () => {});
      },
    });
  }

  /** Stops a slice and with it whatever is in it, or a scope: then its cgroup is gone. Throws SystemdRefusal, also when it is not there. */
  async stopUnit(name: string): Promise<JobResult> {
    const stop: ManagerCall = {
      member: "StopUnit",
      signature: "ss",
      body: (writer) => {
        writer.string(name);
        writer.string("replace");
      },
    };
    try {
      // To stop what is stopped already does no harm.
      return await this.#retried(() => this.#callForJob(stop));
    } finally {
      this.#held.release();
    }
  }

  /** Takes back a `systemctl freeze` of a unit, while which systemd refuses to stop it. Throws SystemdRefusal, also when it is not there. */
  async thawUnit(name: string): Promise<void> {
    await callManager(this.#socketPath, this.uid, {
      member: "ThawUnit",
      signature: "s",
      body: (writer) => writer.string(name),
    });
  }

  /** Again on a new connection when the manager hung up without a word: it re-executes itself, and is back within a second. */
  async #retried<T>(act: () => Promise<T>): Promise<T> {
    for (let attempt = 1;; attempt++) {
      try {
        return await act();
      } catch (error) {
        if (attempt === HUNG_UP_TRIES || !hasHungUp(error)) throw error;
        await pause(HUNG_UP_PAUSE_MS * (0.5 + Math.random()));
      }
    }
  }

  /** On the connection that is held, if there is one. */
  async #callForJob(call: ManagerCall): Promise<JobResult> {
    if (!this.#isHolding) return await callForJob(this.#socketPath, this.uid, call);
    return await this.#held.use(async (line) => {
      const result = await line.callForJob(call);
      if (line.passedOver > QUIET_MESSAGES) this.#held.release();
      return result;
    });
  }

  /** Changes limits of a live job's slice, until it ends. Throws SystemdRefusal. */
  async setLimits(slice: string, limits: Limits): Promise<void> {
    await callManager(this.#socketPath, this.uid, {
      member: "SetUnitProperties",
      signature: "sba(sv)",
      body: (writer) => {
        writer.string(slice);
        writer.uint32(1);
        writeProperties(writer, limitProperties(limits, { lift: true }));
      },
    });
  }

  /**
   * Has the system manager move processes of this user into the cgroup `below` the user's own manager, which the user itself may not do
   * with processes from elsewhere (a session, a cron job): that takes write access to what both places lie in. This is what user managers
   * do (systemd 238). One that is gone spoils the whole call, before any other is moved. Throws SystemdRefusal.
   */
  async attach(below: string, pids: readonly number[]): Promise<void> {
    const move: ManagerCall = {
      member: "AttachProcessesToUnit",
      signature: "ssau",
      body: (writer) => {
        writer.string(`user@${this.uid}.service`);
        writer.string(below);
        writer.array(4, () => pids.forEach((pid) => writer.uint32(pid)));
      },
    };
    await this.#heldOnBus.use((line) => line.call(move));
  }

  /** Re-reads unit files; the only way to change RuntimeMaxSec of a live scope (systemd 252 and 257 refuse it as a property). */
  async reload(): Promise<void> {
    await callManager(this.#socketPath, this.uid, { member: "Reload", signature: "", body: () => {} });
  }

  /** Where drop-ins that last until the next boot go. */
  dropInDirectory(unit: string): string {
    return this.runtimeDir === null
      ? `${this.runDir}/systemd/system/${unit}.d`
      : `${this.runtimeDir}/systemd/user/${unit}.d`;
  }

  /** The arguments that make systemd's own tools talk to this manager. */
  toolFlags(): string[] {
    return this.runtimeDir === null ? [] : ["--user"];
  }

  /** The environment in which they find it. */
  toolEnv(): Record<string, string> {
    if (this.runtimeDir === null) return {};
    return { XDG_RUNTIME_DIR: this.runtimeDir, DBUS_SESSION_BUS_ADDRESS: `unix:path=${this.runtimeDir}/bus` };
  }
}

/** True when the connection ended without a word of refusal. */
function hasHungUp(error: unknown): boolean {
  return error instanceof SystemdRefusal && error.errorName === null && !(error instanceof SystemdSilence);
}

function writeProperties(writer: DBusWriter, properties: readonly UnitProperty[]): void {
  writer.array(8, () => {
    for (const [name, value] of properties) {
      writer.align(8);
      writer.string(name);
      writer.variant(value);
    }
  });
}
