"""Rows of corral's store for the benchmarks: what a launch would have recorded, live jobs to go with it, and as many ended jobs as one likes."""
import json
import os
import subprocess
import time

ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"
ID_CHARACTERS = 6
DAY_MS = 86_400_000
MOUNT = "/sys/fs/cgroup"
LIMITS = ["memoryMaxBytes", "memoryHighBytes", "swapMaxBytes", "cpuMaxCores", "cpuWeight", "pidsMax"]
NO_LIMITS = json.dumps(dict.fromkeys(LIMITS))
SOME_LIMITS = json.dumps({**dict.fromkeys(LIMITS), "memoryMaxBytes": 24 * 2**30, "swapMaxBytes": 0, "cpuMaxCores": 8})


def job_id(index):
    """The id of this number; no two are the same."""
    letters = ""
    for _ in range(ID_CHARACTERS):
        letters = ALPHABET[index % len(ALPHABET)] + letters
        index //= len(ALPHABET)
    return letters


def start_ticks(pid):
    with open(f"/proc/{pid}/stat") as file:
        return int(file.read().rpartition(")")[2].split()[19])


def boot_id():
    with open("/proc/sys/kernel/random/boot_id") as file:
        return file.read().strip()


def spec(job, created_ms):
    """What is recorded before anything is started; this program is the supervisor."""
    return {
        "id": job, "name": "fastsurfer", "ref": f"task-{job}", "tags": "{}", "argv": '["sleep","1000"]', "user": "root", "uid": 0,
        "cwd": "/", "limits": NO_LIMITS, "grace_ms": 2000, "first_signal": "TERM", "backend": "cgroupfs", "created_at_ms": created_ms,
        "boot_id": boot_id(), "supervisor_pid": os.getpid(), "supervisor_start_ticks": start_ticks(os.getpid()),
    }


class LiveJob:
    """A process in a cgroup that bears the job's name; a user's is that user's own directory, `where` it is delegated."""

    def __init__(self, job_id, where="", user="root", uid=0):
        self.id = job_id
        self.user = {"user": user, "uid": uid}
        self.path = f"{where}/corral/{job_id}"
        os.makedirs(MOUNT + self.path)
        os.chown(MOUNT + self.path, uid, uid)
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
            **spec(self.id, now_ms), **self.user, "state": "running", "pid": self.process.pid, "pid_start_ticks": start_ticks(self.process.pid),
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


def insert(database, rows):
    for row in rows:
        values = ", ".join(f":{name}" for name in row)
        database.execute(f"INSERT INTO jobs ({', '.join(row)}) VALUES ({values})", row)
    database.commit()


def insert_ended(database, count, days=90):
    """`count` jobs, evenly over the last `days`, with the ids of 0 to count - 1; figures differ from job to job. Ten seconds a million."""
    base = spec("", 0)
    places = [f"substr('{ALPHABET}', 1 + i / {len(ALPHABET) ** power} % {len(ALPHABET)}, 1)" for power in reversed(range(ID_CHARACTERS))]
    columns = {
        **{name: f":{name}" for name in base},
        "id": " || ".join(places),
        "name": one_of(["fastsurfer", "nightly", "fmriprep", "sh", "python3", "mriqc", "rsync", "align, then merge"], 7),
        "ref": "CASE WHEN i % 3 THEN 'task-' || i END",
        "tags": one_of(["{}", '{"study":"a"}', '{"study":"b","step":"1"}'], 11),
        "argv": """json_array('apptainer', 'exec', 'fastsurfer.sif', 'run_fastsurfer.sh', '--sid', 'subject' || i)""",
        "user": one_of(["root", "alice", "bob"], 13),
        "limits": one_of([NO_LIMITS, SOME_LIMITS], 17),
        "created_at_ms": "at", "started_at_ms": "at + 50", "started_boot_ms": "i", "ended_at_ms": "at + 90 + wall",
        "state": "'ended'", "reason": one_of(["exited"] * 9 + ["oom"], 19), "trigger_reason": one_of(["exited"] * 9 + ["oom"], 19),
        "exit_code": one_of([0] * 8 + [1, None], 19), "exit_signal": one_of([None] * 9 + [9], 19), "pid": "4711",
        "pid_start_ticks": "1", "pgid": "4711", "cgroup_path": "'/corral/' || i", "cgroup_inode": "i", "wall_ms": "wall",
        "cpu_usage_usec": "wall * (i % 4001)", "cpu_user_usec": "wall * (i % 4001) * 3 / 4", "cpu_system_usec": "wall * (i % 4001) / 4",
        "cpu_periods": "1000", "cpu_throttled_periods": "i % 40", "cpu_throttled_usec": "i * 7919 % 1000003",
        "memory_peak_bytes": "1000000 + wall * 61 * (i % 997)", "oom_kills": "i % 10 = 9", "io_read_bytes": "i * 104729 % 1000000007",
        "io_written_bytes": "i * 1299709 % 100000007", "pids_peak": "1 + i % 60",
    }
    database.execute(
        f"""WITH RECURSIVE numbers(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < :count),
          jobs_to_be AS (SELECT i, :now - (:count - i) * :span / :count AS at, (i * 7919 % 1009) * (i * 104729 % 1013) / 5 + 20 AS wall FROM numbers)
        INSERT INTO jobs ({", ".join(columns)}) SELECT {", ".join(columns.values())} FROM jobs_to_be""",
        {**base, "count": count, "now": time.time_ns() // 1_000_000, "span": days * DAY_MS},
    )
    database.execute("CREATE INDEX IF NOT EXISTS jobs_ended ON jobs (ended_at_ms)")
    database.commit()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def one_of(words, step):
    """SQL for one of these, another from row to row."""
    values = ["NULL" if word is None else str(word) if isinstance(word, int) else "'" + word.replace("'", "''") + "'" for word in words]
    cases = " ".join(f"WHEN {index} THEN {value}" for index, value in enumerate(values))
    return f"CASE i * {step} % {len(values)} {cases} END"
