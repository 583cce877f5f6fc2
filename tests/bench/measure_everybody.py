"""The measuring half of the benchmark of root's `ps`, inside the machine: measure_everybody.py OPTIONS prints the times of a `corral ps` of
root's over the jobs of many users, in milliseconds: on the clock, and of all cores together (its children's too). Users, stores and jobs
are real, a process and a cgroup for each job; only the supervisors are this one program. OPTIONS: corral, users, jobs, rounds, warmUps.
"""
import json
import os
import resource
import sqlite3
import subprocess
import sys
import time

from job_rows import MOUNT, LiveJob, insert, job_id

USERS_DIR = "/var/lib/corral/users"
FIRST_UID = 20_001
options = json.loads(sys.argv[1])


def make_users():
    """Names by uids, each with the directory that corral looks for and a store in it, made by corral itself."""
    users = {FIRST_UID + index: f"bench{index}" for index in range(options["users"])}
    with open("/etc/passwd", "a") as passwd, open("/etc/group", "a") as group:
        for uid, name in users.items():
            passwd.write(f"{name}:x:{uid}:{uid}::/nonexistent:/bin/sh\n")
            group.write(f"{name}:x:{uid}:\n")
    os.makedirs(USERS_DIR, exist_ok=True)
    os.chmod(USERS_DIR, 0o1777)
    for uid in users:
        subprocess.run(
            ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--", options["corral"], "sweep", "--quiet"],
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"}, check=True, cwd="/",
        )
    return users


def start_jobs(users):
    jobs = []
    for uid, name in users.items():
        where = f"/bench/{uid}"
        mine = [LiveJob(job_id(len(jobs) + index), where, name, uid) for index in range(options["jobs"])]
        stores = [file for file in os.listdir(f"{USERS_DIR}/{uid}") if file.endswith(".db")]
        database = sqlite3.connect(f"{USERS_DIR}/{uid}/{stores[0]}", timeout=60)
        insert(database, (job.row() for job in mine))
        database.close()
        for file in os.listdir(f"{USERS_DIR}/{uid}"):
            os.chown(f"{USERS_DIR}/{uid}/{file}", uid, uid)
        jobs += mine
    return jobs


def cpu_ms():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1e3


def measured(words):
    """What it takes on the clock and of all cores; and what it printed."""
    before, start = cpu_ms(), time.monotonic_ns()
    result = subprocess.run([options["corral"], *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd="/")
    elapsed = (time.monotonic_ns() - start) / 1e6
    if result.returncode != 0 or result.stderr:
        raise SystemExit(f"{' '.join(words)}: exit code {result.returncode}: {result.stderr}")
    return elapsed, cpu_ms() - before, result.stdout


def main():
    users = make_users()
    jobs = start_jobs(users)
    try:
        rows = json.loads(measured(["ps", "--json"])[2])
        if len(rows) != len(jobs) or any(row["procs"] != 1 for row in rows):
            raise SystemExit(f"ps shows {len(rows)} of {len(jobs)} jobs")
        rounds = [measured(["ps"])[:2] for _ in range(options["warmUps"] + options["rounds"])][options["warmUps"] :]
        print(json.dumps({"wallMs": [wall for wall, _ in rounds], "cpuMs": [cpu for _, cpu in rounds]}))
    finally:
        for job in jobs:
            job.end()


main()
