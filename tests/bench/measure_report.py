"""The measuring half of the report's benchmark: measure_report.py OPTIONS prints, for each case, times in milliseconds of corral, of the
same query in the sqlite3 shell and of a bare program, interleaved, and the memory of corral for growing numbers of rows, in KiB. OPTIONS:
corral, bare, rows, rounds, warmUps, cases ({name: {corral: [arguments], shell: {name: script}}}), streams ({name: [arguments]}), limits.
"""
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time

from job_rows import insert_ended

options = json.loads(sys.argv[1])


def timed(argv, script=""):
    """Its output goes where it costs nothing."""
    start = time.monotonic_ns()
    result = subprocess.run(argv, input=script, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    elapsed = (time.monotonic_ns() - start) / 1e6
    if result.returncode != 0 or result.stderr:
        raise SystemExit(f"{' '.join(argv)}: exit code {result.returncode}: {result.stderr}")
    return elapsed


def peak_memory_kib(argv):
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.execv(argv[0], argv)
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        raise SystemExit(f"{' '.join(argv)}: status {status}")
    return usage.ru_maxrss


def measure(case, corral, database):
    commands = {"corral": ([*corral, *case["corral"]], ""), "bare": ([options["bare"]], "")}
    for name, script in case["shell"].items():
        commands[name] = (["sqlite3", "-readonly", database], script)
    times = {name: [] for name in commands}
    for round in range(options["warmUps"] + options["rounds"]):
        for name, (argv, script) in commands.items():
            elapsed = timed(argv, script)
            if round >= options["warmUps"]:
                times[name].append(elapsed)
    return times


def main():
    with tempfile.TemporaryDirectory(prefix="corral-bench-report-") as store:
        corral = [options["corral"], "--state-dir", store, "report"]
        # Makes the store; what only looks makes none.
        timed([*corral[:-1], "sweep", "--quiet"])
        path = f"{store}/corral.db"
        database = sqlite3.connect(path)
        insert_ended(database, options["rows"])
        database.close()
        result = {
            "times": {name: measure(case, corral, path) for name, case in options["cases"].items()},
            "memory": {
                name: [peak_memory_kib([*corral, *arguments, "--limit", str(limit)]) for limit in options["limits"]]
                for name, arguments in options["streams"].items()
            },
        }
    print(json.dumps(result))


main()
