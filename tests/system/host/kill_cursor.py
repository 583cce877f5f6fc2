"""Kills `corral report --cursor` again and again while it prints many jobs; what was printed goes to stdout as JSON. argv: the store's file, the cursor, where the rows go ("file" or "pipe"), corral and its words."""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

JOBS = 4_000
STEP_SECONDS = 0.012
ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"

file, cursor, kind, *corral = sys.argv[1:]


def job_id(number):
    return "".join(ALPHABET[number // 30**place % 30] for place in range(6))


def multiply():
    """Many ended jobs out of one."""
    store = sqlite3.connect(file)
    row = list(store.execute("SELECT * FROM jobs").fetchone())
    names = [column[1] for column in store.execute("PRAGMA table_info(jobs)")]
    for number in range(2, JOBS + 1):
        row[names.index("id")] = job_id(number)
        row[names.index("ended_seq")] = number
        store.execute(f"INSERT INTO jobs VALUES ({','.join('?' * len(row))})", row)
    store.execute("UPDATE endings SET last = ?", [JOBS])
    store.commit()


def reading(end, parts):
    with os.fdopen(end, "rb") as pipe:
        parts.append(pipe.read())


def once(output, delay):
    """True when it was killed before its end."""
    child = subprocess.Popen([*corral, "report", "--format", "jsonl", "--cursor", cursor], stdout=output)
    try:
        return child.wait(timeout=delay) != 0
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        return True


def to_file(delay):
    with open(path, "ab") as output:
        return once(output, delay)


def to_pipe(delay):
    read, write = os.pipe()
    parts = []
    reader = threading.Thread(target=reading, args=(read, parts))
    reader.start()
    was_killed = once(write, delay)
    os.close(write)
    reader.join()
    with open(path, "ab") as output:
        output.write(parts[0])
    return was_killed


multiply()
path = tempfile.mktemp()
run = to_file if kind == "file" else to_pipe
kills = 0
# Each lives a little longer than the one before: one dies in each of the steps, and in the end one gets through.
while run(0.02 + kills * STEP_SECONDS):
    kills += 1
    time.sleep(0)
with open(path, "rb") as rows:
    lines = rows.read().split(b"\n")
os.remove(path)
print(json.dumps({"kills": kills, "last": lines[-1].decode(), "ids": [json.loads(line)["id"] for line in lines[:-1]] if kind == "file" else [line.decode(errors="replace") for line in lines[:-1]]}))
