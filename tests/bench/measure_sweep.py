"""The measuring half of the sweep's benchmark, inside the machine: measure_sweep.py OPTIONS prints, for each number of live jobs, the times
of a sweep that has nothing to do and of a bare program, in milliseconds and interleaved. The jobs are real: a process and a cgroup each;
their supervisor is this program. The ended ones are rows. OPTIONS: corral, bare, liveCounts, endedRows, rounds, warmUps.
"""
import itertools
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time

MOUNT = "/sys/fs/cgroup"
STORE = "/dev/shm/corral-bench-sweep"
ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"
NO_LIMITS = json.dumps(dict.fromkeys(
    ["memoryMaxBytes", "memoryHighBytes", "swapMaxBytes", "cpuMaxCores", "cpuWeight", "pidsMax"]))
DAY_MS = 86_400_000
options = json.loads(sys.argv[1])


def ids():
    return ("".join(letters) for letters in itertools.product(ALPHABET, repeat=6))


def start_ticks(pid):
    with open(f"/proc/{pid}/stat") as file:
        return int(file.read().rpartition(")")[2].split()[19])


def boot_id():
    with open("/proc/sys/kernel/random/boot_id") as file:
        return file.read().strip()


def spec(job_id, created_ms):
    return {
        "id": job_id, "name": "fastsurfer", "ref": f"task-{job_id}", "tags": "{}", "argv": '["sleep","1000"]', "user": "root", "uid": 0,
        "cwd": "/", "limits": NO_LIMITS, "grace_ms": 2000, "first_signal": "TERM", "backend": "cgroupfs", "created_at_ms": created_ms,
        "boot_id": boot_id(), "supervisor_pid": os.getpid(), "supervisor_start_ticks": start_ticks(os.getpid()),
    }


def ended_rows(job_ids, count):
    """Over the last 90 days, every usage figure there."""
    now_ms = time.time_ns() // 1_000_000
    base = spec("", 0)
    for index, job_id in zip(range(count), job_ids):
        created_ms = now_ms - (count - index) * (90 * DAY_MS // count)
        yield {
            **base, "id": job_id, "ref": f"task-{job_id}", "created_at_ms": created_ms, "state": "ended", "reason": "exited",
            "trigger_reason": "exited", "exit_code": 0, "pid": 4711, "pid_start_ticks": 1, "pgid": 4711, "cgroup_path": f"/corral/{job_id}",
            "cgroup_inode": index, "started_at_ms": created_ms, "started_boot_ms": index, "ended_at_ms": created_ms + 60_000,
            "wall_ms": 60_000, "cpu_usage_usec": 50_000_000 + index, "cpu_user_usec": 40_000_000, "cpu_system_usec": 10_000_000,
            "memory_peak_bytes": 20_000_000 + index, "pids_peak": 7,
        }


def insert(database, rows):
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        return
    columns = ", ".join(first)
    values = ", ".join(f":{name}" for name in first)
    database.executemany(f"INSERT INTO jobs ({columns}) VALUES ({values})", itertools.chain([first], rows))
    database.commit()


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


def measure(count, job_ids, database):
    jobs = [LiveJob(next(job_ids)) for _ in range(count)]
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
    job_ids = ids()
    insert(database, ended_rows(job_ids, options["endedRows"]))
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    print(json.dumps([measure(count, job_ids, database) for count in options["liveCounts"]]))
    shutil.rmtree(STORE)


main()
