import { ValueError } from "../base/errors.ts";
import { noLimitRemark } from "../base/meanings.ts";
import { scanDecimal, timesUnits } from "./decimal.ts";

/**
 * The kernel refuses a quota below 1 ms per period (min_cfs_quota_period); with the usual period of 100 ms
 * that is 1 %.
 */
const MIN_CPU_MILLI = 10n;
/** More CPUs than any Linux kernel is built for (NR_CPUS, 8192 on x86 with MAXSMP). */
const MAX_CPU_MILLI = 8192n * 1000n;
const ACCEPTED = ["4", "0.5", ".5", "150%"];

/**
 * Cores (1.5 is 150 %) from 0.01 to 8192, exact to a thousandth, finer rounded down. `Math.round(cores *
 * 100_000)` is the quota in usec for cpu.max with a period of 100000, ten times that systemd's
 * CPUQuotaPerSecUSec.
 */
export function parseCpus(text: string): number {
  const number = scanDecimal(text, 0);
  if (number === null) throw refusal(text, 0, noLimitRemark(text));
  const suffix = text.slice(number.end);
  if (suffix !== "" && !suffix.startsWith("%")) throw refusal(text, number.end);
  if (suffix.length > 1) throw refusal(text, number.end + 1);
  const cpuMilli = timesUnits(number, suffix === "%" ? 10n : 1000n);
  if (cpuMilli < MIN_CPU_MILLI) {
    throw refusal(text, 0, "must be at least 0.01 (1%), the kernel's smallest quota");
  }
  if (cpuMilli > MAX_CPU_MILLI) throw refusal(text, 0, "must be at most 8192");
  return Number(cpuMilli) / 1000;
}

/** Cores without trailing zeros, to a thousandth: `4`, `0.5`, `1.25`. */
export function formatCpus(cores: number): string {
  return String(Math.round(cores * 1000) / 1000);
}

function refusal(input: string, offset: number, reason: string | null = null): ValueError {
  return new ValueError({ kind: "CPU count", input, offset, reason, accepted: ACCEPTED });
}
