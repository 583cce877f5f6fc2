"""The measuring half of the sampling benchmark, inside the machine: measure_sampling.py OPTIONS prints JSON. So many supervisors wait for a
job each; their CPU time between two ages is what sampling costs them. OPTIONS: corral, jobs, settleS, intervalS.
"""
import glob
import json
import shutil
import signal
import subprocess
import sys
import time

STORE = "/dev/shm/corral-bench-sampling"
NS_PER_MS = 1e6
options = json.loads(sys.argv[1])


def cpu_ms(pid):
    """Of all threads, by the scheduler's own clock: /proc/PID/stat counts in steps of 10 ms."""
    spent = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path) as file:
            spent += int(file.read().split()[0])
    return spent / NS_PER_MS


def uss_kib(pid):
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith("Private_"))


def main():
    shutil.rmtree(STORE, ignore_errors=True)
    argv = [options["corral"], "--state-dir", STORE, "run", "--timeout", "1h", "--", "sleep", "3600"]
    supervisors = []
    try:
        for _ in range(options["jobs"]):
            supervisors.append(subprocess.Popen(argv, stderr=subprocess.PIPE))
            line = supervisors[-1].stderr.readline()
            if b" started " not in line:
                raise SystemExit(f"corral run said {line!r}")
        pids = [supervisor.pid for supervisor in supervisors]
        time.sleep(options["settleS"])
        before, started = [cpu_ms(pid) for pid in pids], time.monotonic()
        time.sleep(options["intervalS"])
        after, elapsed_s = [cpu_ms(pid) for pid in pids], time.monotonic() - started
        spent = [end - start for start, end in zip(before, after)]
        print(json.dumps({"elapsedMs": elapsed_s * 1000, "cpuMs": spent, "ussKib": [uss_kib(pid) for pid in pids]}))
    finally:
        for supervisor in supervisors:
            supervisor.send_signal(signal.SIGTERM)
        for supervisor in supervisors:
            supervisor.communicate()
        shutil.rmtree(STORE, ignore_errors=True)


main()
