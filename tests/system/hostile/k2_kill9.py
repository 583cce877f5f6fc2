"""Kills supervisors at random moments of their whole course and prints what is left then, as JSON.

Reads {"corral", "options", "scope", "store", "tries"}.
"""
import glob
import json
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from job_state import everything, rows, wait_until

WIDTH = 3
SETTLE_S = 30
IN_OWN_CGROUP = ["systemd-run", "--user", "--scope", "--quiet", "--collect", "-p", "Delegate=yes", "--"]
request = json.load(sys.stdin)
# Half of the jobs end by themselves somewhere in the middle, half are ended.
SHORT = ["sh", "-c", "setsid sleep 1000 & exit 0"]
LONG = ["sh", "-c", "trap '' TERM; setsid sleep 1000 & while :; do sleep 1000; done"]


def run(seed, argv):
    scope = IN_OWN_CGROUP if request["scope"] else []
    options = [*request["options"], "--quiet", "--grace", "100ms", "--ref", str(seed)]
    words = [*scope, *request["corral"], "run", *options, "--", *argv]
    return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                            start_new_session=True)


def launch_s():
    started = time.monotonic()
    run(0, SHORT).wait()
    return time.monotonic() - started


def killed(seed, span_s):
    moment = random.Random(seed)
    process = run(seed, SHORT if seed % 2 else LONG)
    time.sleep(moment.uniform(0, 2 * span_s))
    process.send_signal(signal.SIGKILL)
    process.wait()


def is_idle_guard_cgroup(what):
    """A supervisor that dies between the exit of its guard and the removal of the guard's cgroup leaves that, empty, to a sweep."""
    path = what.removeprefix("cgroup ")
    try:
        return "/guard-" in path and "populated 0" in open(f"{path}/cgroup.events").read()
    except FileNotFoundError:
        return False


def survivors():
    return sorted({what for _, what in everything() if not is_idle_guard_cgroup(what)})


def census():
    counts = {}
    for path in glob.glob(f"{request['store']}/*.db"):
        for row in rows(path).values():
            key = f"{row['state']} {row['reason']}"
            counts[key] = counts.get(key, 0) + 1
    return counts


span_s = launch_s()
with ThreadPoolExecutor(WIDTH) as pool:
    list(pool.map(lambda seed: killed(seed, span_s), range(1, request["tries"] + 1)))
# A job that was not yet recorded as running has no process that outlives its supervisor; a sweep tells what became of it.
wait_until(lambda: not survivors() and not any(key.startswith(("running", "ending")) for key in census()), SETTLE_S)
left = survivors()
before = census()
subprocess.run([*request["corral"], "sweep", "--quiet"], capture_output=True)
print(json.dumps({"left": left, "before": before, "after": census(), "leftAfter": sorted({what for _, what in everything()})}))
