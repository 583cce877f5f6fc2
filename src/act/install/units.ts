/** Writes the two systemd units: a service that sweeps once, and a timer that starts it. Tried with systemd 252 and 257. */
import { UsageError } from "../../base/errors.ts";
import { formatDurationExact } from "../../value/duration.ts";
import { quoted as shown } from "../../base/text.ts";
import { type InstallRecord, markerLine, recordLine } from "./record.ts";

/** The facts that the units depend on. */
export interface SweepUnits {
  /** The sweep's command line; its first word is an absolute path. */
  argv: readonly string[];
  /** Milliseconds, whole seconds. */
  everyMs: number;
  /** True for the system's manager, which can confine its services; a user's cannot. */
  forSystem: boolean;
  /** The directory of the store. */
  stateDir: string;
  record: InstallRecord;
}

const FIRST_SWEEP_MS = 60_000;
/** Spreads the sweeps of nodes that were installed or booted together, so that they do not ask the owner's database together. */
const SPREAD = 10;

/** corral-sweep.service. */
export function serviceUnit(units: SweepUnits): string {
  return `${markerLine("#")}${recordLine(units.record)}# To change something: systemctl ${
    units.forSystem ? "" : "--user "
  }edit corral-sweep.service

[Unit]
Description=corral: end jobs without a supervisor, collect ended ones
Documentation=man:corral(1)

[Service]
Type=oneshot
ExecStart=${execLine(units.argv)}
# 75: another sweep is running and does the work; 143: told to stop. 1, something was left alive, is a failure that systemctl --failed
# shows.
SuccessExitStatus=75 143
# A sweep may not be cut short: a job half ended would be left frozen. TERM, to corral alone, keeps it from beginning anything more; what
# it has begun takes a minute where jobs hang. Then KILL, for what the owner's status command has left behind as well.
TimeoutStartSec=10min
TimeoutStopSec=90s
KillMode=mixed
UMask=0077
${units.forSystem ? sandbox(units.stateDir) : ""}`;
}

/** corral-sweep.timer. */
export function timerUnit({ everyMs, forSystem }: Pick<SweepUnits, "everyMs" | "forSystem">): string {
  const spread = formatDurationExact(Math.max(1, Math.floor(everyMs / SPREAD / 1000)) * 1000);
  return `${markerLine("#")}# To change something: corral install --sweep-every, or systemctl ${
    forSystem ? "" : "--user "
  }edit corral-sweep.timer

[Unit]
Description=corral: sweep every ${formatDurationExact(everyMs)}
Documentation=man:corral(1)

[Timer]
# Monotonic, and not After=time-sync.target: systemd-time-wait-sync holds that up for ever on a node without a network, and overdue jobs are
# to end there too. What needs a believable clock, the dropping of old records, looks at the clock itself.
# From the boot or the installation to the first sweep; then from the end of one sweep to the next.
OnActiveSec=${formatDurationExact(Math.min(FIRST_SWEEP_MS, everyMs))}
OnUnitInactiveSec=${formatDurationExact(everyMs)}
# Nodes that began at the same moment do not ask the owner of their jobs at the same moment for ever.
RandomizedDelaySec=${spread}
AccuracySec=${spread}

[Install]
WantedBy=timers.target
`;
}

/**
 * The needs of a sweep decide: it writes cgroups and the store, signals any process, reads /proc/PID/environ of all, talks to
 * systemd's socket, writes drop-ins to /run, and runs the owner's status command, which may read everything, use the network and become
 * another user with sudo, su or runuser. All other powers of root are removed.
 */
export function sandbox(stateDir: string): string {
  return `
# Node out of memory, status command out of memory: the sweep is what fixes it.
OOMScoreAdjust=-500
OOMPolicy=continue
# As cron does.
Environment=HOME=%h

# "strict" would visit every mount, and hang on one that lies below a file server which is down: when a sweep is needed most.
ProtectSystem=full
${
    readOnlyRescue(stateDir)
  }# Not ProtectKernelTunables: with systemd 252 it brings the host's boot id into a container, and every job would look lost.
ReadOnlyPaths=-/proc/sys
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectHostname=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
# Refused, not killed: a program that only tries something new falls back.
SystemCallFilter=@system-service adjtimex
SystemCallErrorNumber=EPERM
# Kill, look into and read everything; the rest is what sudo and su need. No NoNewPrivileges: sudo refuses to work with it.
CapabilityBoundingSet=CAP_KILL CAP_SYS_PTRACE CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH
CapabilityBoundingSet=CAP_SETUID CAP_SETGID CAP_CHOWN CAP_FOWNER CAP_SYS_RESOURCE CAP_AUDIT_WRITE
`;
}

/** Allows writes to a store in one of the places that ProtectSystem=full makes read-only. */
function readOnlyRescue(stateDir: string): string {
  const isReadOnly = /^\/+(usr|etc|boot|efi)(\/|$)/.test(stateDir);
  return isReadOnly ? `ReadWritePaths=${quoted(`-${stateDir}`, { variables: false })}\n` : "";
}

/**
 * Returns a command line for ExecStart (systemd.service(5), "Command lines"). The program's own path may hold no variables. Throws
 * UsageError for one that systemd refuses to run.
 */
export function execLine([program = "", ...args]: readonly string[]): string {
  if (/["'\\]/.test(program)) {
    throw new UsageError(
      `systemd runs no program with a quote or a backslash in its path: ${shown(program, 400)}`,
    );
  }
  return [
    quoted(program, { variables: false }),
    ...args.map((word) => quoted(word, { variables: true })),
  ].join(" ");
}

/** Quotes one word of a unit file's value: specifiers (%) stay text, and so do variables ($) where the value would replace them. */
function quoted(word: string, { variables }: { variables: boolean }): string {
  const plain = word.replaceAll("%", "%%").replaceAll("$", variables ? "$$$$" : "$$");
  if (/^[\w/.:=@+,%$-]+$/.test(plain)) return plain;
  return `"${plain.replace(/[\\"]/g, "\\$&")}"`;
}
