"""The measuring half of the sweep's benchmark, inside the machine: measure_sweep.py OPTIONS prints, for each number of live jobs, the times
of a sweep that has nothing to do and of a bare program, in milliseconds and interleaved. The jobs are real: a process and a cgroup each;
their supervisor is this program. The ended ones are rows. OPTIONS: corral, bare, liveCounts, endedRows, rounds, warmUps.
"""
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time

from job_rows import DAY_MS, insert, insert_ended, job_id, spec, start_ticks

MOUNT = "/sys/fs/cgroup"
STORE = "/dev/shm/corral-bench-sweep"
options = json.loads(sys.argv[1])


class LiveJob:
    """A process in a cgroup that bears the job's name."""

    def __init__(self, job_id):
        self.id = job_id
        self.path = f"/corral/{job_id}"
        os.makedirs(MOUNT + self.path)
        environment = {**os.environ, "CORRAL_JOB_ID": job_id}
        self.process = subprocess.Popen(["sleep", "100000"], env=environment, preexec_fn=self.enter)

    def enter(self):
        with open(f"{MOUNT}{self.path}/cgroup.procs", "w") as procs:
            procs.write("0")

    def row(self):
        now_ms = time.time_ns() // 1_000_000
        with open("/proc/uptime") as file:
            boot_ms = round(float(file.read().split()[0]) * 1000)
        return {
            **spec(self.id, now_ms), "state": "running", "pid": self.process.pid, "pid_start_ticks": start_ticks(self.process.pid),
            "pgid": self.process.pid, "cgroup_path": self.path, "cgroup_inode": os.stat(MOUNT + self.path).st_ino,
            "started_at_ms": now_ms, "started_boot_ms": boot_ms, "timeout_ms": DAY_MS, "deadline_boot_ms": boot_ms + DAY_MS,
        }

    def end(self):
        self.process.kill()
        self.process.wait()
        while os.path.exists(MOUNT + self.path):
            try:
                os.rmdir(MOUNT + self.path)
            except OSError:
                time.sleep(0.001)


def timed(argv):
    start = time.monotonic_ns()
    result = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    elapsed = (time.monotonic_ns() - start) / 1e6
    if result.returncode != 0 or result.stdout or result.stderr:
        raise SystemExit(f"{' '.join(argv)}: exit code {result.returncode}: {result.stdout}{result.stderr}")
    return elapsed


def measure(count, first, database):
    jobs = [LiveJob(job_id(first + index)) for index in range(count)]
    try:
        insert(database, (job.row() for job in jobs))
        row = {"live": count, "sweepMs": [], "bareMs": []}
        for round in range(options["warmUps"] + options["rounds"]):
            sweep = timed([options["corral"], "--state-dir", STORE, "sweep", "--quiet"])
            bare = timed([options["bare"]])
            if round >= options["warmUps"]:
                row["sweepMs"].append(sweep)
                row["bareMs"].append(bare)
        return row
    finally:
        database.execute("UPDATE jobs SET state = 'ended', reason = 'exited', ended_at_ms = created_at_ms WHERE state = 'running'")
        database.commit()
        for job in jobs:
            job.end()


def main():
    shutil.rmtree(STORE, ignore_errors=True)
    timed([options["corral"], "--state-dir", STORE, "sweep", "--quiet"])
    database = sqlite3.connect(f"{STORE}/corral.db", timeout=60)
    first = options["endedRows"]
    insert_ended(database, first)
    result = []
    for count in options["liveCounts"]:
        result.append(measure(count, first, database))
        first += count
    print(json.dumps(result))
    shutil.rmtree(STORE)


main()
