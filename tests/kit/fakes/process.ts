/** Processes as they are listed, of which a test says only what it is about. */
import type { Process } from "../../../src/linux/processes.ts";
import { BOOT_ID } from "./job.ts";

export function processOf(pid: number, changes: Partial<Process> = {}): Process {
  return {
    pid,
    startTicks: 900_100,
    bootId: BOOT_ID,
    ppid: 1,
    name: "python3",
    state: "S",
    kernelThread: false,
    exiting: false,
    uid: 1000,
    ageMs: 100_000,
    cpuUsageUsec: 120_000,
    residentBytes: 1_847_296,
    words: ["python3", "run_fastsurfer.py", "--sid", "subject01"],
    cgroupPath: "/system.slice/celery.service",
    ...changes,
  };
}
