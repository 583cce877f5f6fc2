"""Runs short jobs, each with the exit code that it must give; prints those that gave another, or had another record.

Reads {"corral": argv before `run`, "store": its file, "jobs": [{"argv", "code", "row": {column: value}}], "width"}.
"""
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from job_state import left_of, rows

request = json.load(sys.stdin)


def run(numbered):
    number, job = numbered
    argv = [*request["corral"], "run", "--quiet", "--ref", str(number), *job.get("options", []), "--", *job["argv"]]
    return subprocess.run(argv, capture_output=True, text=True, cwd="/", env=job.get("env"))


with ThreadPoolExecutor(request["width"]) as pool:
    results = list(pool.map(run, enumerate(request["jobs"])))
store = rows(request["store"])
by_ref = {row["ref"]: row for row in store.values()}
wrong = []
for number, (job, result) in enumerate(zip(request["jobs"], results)):
    row = by_ref.get(str(number), {})
    found = {"code": result.returncode, "stdout": result.stdout, **{key: row.get(key) for key in job["row"]}}
    expected = {"code": job["code"], "stdout": job.get("stdout", ""), **job["row"]}
    if found != expected or "panicked" in result.stderr:
        wrong.append({"argv": job["argv"], "expected": expected, "found": found, "stderr": result.stderr})
print(json.dumps({"wrong": wrong, "left": left_of(set(store))}))
