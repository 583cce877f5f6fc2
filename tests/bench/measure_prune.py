"""The measuring half of the pruning benchmark, inside the machine: measure_prune.py OPTIONS prints JSON. A store full of old jobs is pruned
while jobs are launched one after the other: how long each takes, then and before. OPTIONS: corral, rows, events, samples, rounds.
"""
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time

STORE = "/dev/shm/corral-bench-prune"
DAY_MS = 86_400_000
options = json.loads(sys.argv[1])
CORRAL = [options["corral"], "--state-dir", STORE]


def timed(argv):
    start = time.monotonic_ns()
    subprocess.run(argv, stdin=subprocess.DEVNULL, check=True)
    return (time.monotonic_ns() - start) / 1e6


def run_once():
    return timed([*CORRAL, "run", "--quiet", "--", "true"])


def copies(database, table, key, count):
    """So many rows of each old job in another table, made after the first one there."""
    columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})") if row[1] not in ("seq", key, "offset_ms")]
    listed = ", ".join(columns)
    offset, value = (", offset_ms", ", n.i") if table == "samples" else ("", "")
    database.execute(
        f"INSERT INTO {table} ({key}, {listed}{offset}) SELECT old.id, {', '.join('one.' + name for name in columns)}{value} "
        f"FROM (SELECT id FROM jobs WHERE id LIKE 'old%') old, (SELECT * FROM {table} LIMIT 1) one, "
        f"(WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < {count}) SELECT i FROM c) n")


def fill(database):
    """Old jobs after the one real one."""
    columns = [row[1] for row in database.execute("PRAGMA table_info(jobs)") if row[1] not in ("id", "ended_at_ms")]
    listed = ", ".join(columns)
    ended_ms = time.time_ns() // 1_000_000 - 100 * DAY_MS
    database.execute(
        f"INSERT INTO jobs (id, ended_at_ms, {listed}) WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ?) "
        f"SELECT printf('old%06d', c.i), ? + c.i, {listed} FROM c, jobs", (options["rows"], ended_ms))
    copies(database, "events", "job_id", options["events"])
    copies(database, "samples", "job_id", options["samples"])
    database.commit()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def main():
    shutil.rmtree(STORE, ignore_errors=True)
    timed([*CORRAL, "run", "--quiet", "--", "sleep", "0.1"])
    database = sqlite3.connect(f"{STORE}/corral.db", timeout=60)
    fill(database)
    database.close()
    file_bytes = os.path.getsize(f"{STORE}/corral.db")
    before = [run_once() for _ in range(options["rounds"])]
    start = time.monotonic_ns()
    beside = []
    with subprocess.Popen([*CORRAL, "prune", "--older-than", "90d", "--json"], stdout=subprocess.PIPE) as prune:
        while prune.poll() is None:
            beside.append(run_once())
        pruned = json.loads(prune.stdout.read())["jobs"]
    print(json.dumps({
        "before": before, "beside": beside, "pruneMs": (time.monotonic_ns() - start) / 1e6, "pruned": pruned,
        "fileBytes": file_bytes, "fileBytesAfter": os.path.getsize(f"{STORE}/corral.db"),
    }))
    shutil.rmtree(STORE)


main()
