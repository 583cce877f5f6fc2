"""The measuring half of the sweep's benchmark, inside the machine: measure_sweep.py OPTIONS prints, for each number of live jobs, the times
of a sweep that has nothing to do and of a bare program, in milliseconds and interleaved. The jobs are real: a process and a cgroup each;
their supervisor is this program. The ended ones are rows. OPTIONS: corral, bare, liveCounts, endedRows, rounds, warmUps.
"""
import json
import shutil
import sqlite3
import subprocess
import sys
import time

from job_rows import LiveJob, insert, insert_ended, job_id

STORE = "/dev/shm/corral-bench-sweep"
options = json.loads(sys.argv[1])


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
