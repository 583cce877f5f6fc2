"""Kills supervisors at random moments and tells what each left, what systemd ended, and what `corral kill` then did.

Reads {"corral": argv before `run`, "options", "store", "tries", "timeoutMs": at least, "endedWithinS": after the deadline}; prints JSON.
"""
import json
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from job_state import CGROUP_MOUNT, left_of, pids, read, rows, untracked, wait_until

WIDTH = 2
WAIT_S = 60
request = json.load(sys.stdin)


def corral(*words):
    return subprocess.run([*request["corral"], *words], capture_output=True, text=True, cwd="/")


def mark(seed):
    return f"{os.path.dirname(request['store'])}-ran-{seed}"


def start(seed, timeout):
    """Every other job has a time-out; each leaves a mark when its command runs."""
    options = [*request["options"], *timeout, "--grace", "0", "--ref", str(seed)]
    argv = [*request["corral"], "run", *options, "--", "sh", "-c", f"echo >{mark(seed)}; exec sleep 1000"]
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                            start_new_session=True, cwd="/")


def kill_unguarded(process):
    """Kills the supervisor and, while it cannot make one, its guard: the job then lives until something else ends it."""
    process.send_signal(signal.SIGSTOP)
    wait_until(lambda: b"\nState:\tT" in read(f"/proc/{process.pid}/status"), WAIT_S)
    for pid in pids():
        is_guard = b"\0corral-guard-" in read(f"/proc/{pid}/cmdline")
        if is_guard and f"\nPPid:\t{process.pid}\n".encode() in read(f"/proc/{pid}/status"):
            os.kill(pid, signal.SIGKILL)
    process.kill()


def launch_s(seed):
    """How long a launch takes here and now, in company. Its supervisor is killed then, with the job running."""
    process, started = start(seed, []), time.monotonic()
    wait_until(lambda: os.path.exists(mark(seed)), WAIT_S)
    kill_unguarded(process)
    process.wait()
    return time.monotonic() - started


def killed(seed, span_s, timeout_s):
    """Kills a supervisor somewhere in its first moments."""
    process = start(seed, ["--timeout", f"{round(timeout_s * 1000)}ms"] if seed % 2 else [])
    time.sleep(random.Random(seed).uniform(0.2, 1.3) * span_s)
    kill_unguarded(process)
    return process.wait() == -signal.SIGKILL


def is_populated(row):
    return row["cgroup_path"] and b"populated 1" in read(f"{CGROUP_MOUNT}{row['cgroup_path']}/cgroup.events")


def census(store):
    """How many rows are in which state, and with a process."""
    counts = {}
    for row in store.values():
        key = f"{row['state']}{' populated' if is_populated(row) else ''}"
        counts[key] = counts.get(key, 0) + 1
    return counts


def main():
    with ThreadPoolExecutor(WIDTH) as pool:
        span_s = max(pool.map(launch_s, [-1, -2]))
        # No job may end before its supervisor is killed, however busy the machine is.
        timeout_s = max(request["timeoutMs"] / 1000, 3 * span_s)
        all_killed = all(pool.map(lambda seed: killed(seed, span_s, timeout_s), range(request["tries"])))
    store = rows(request["store"])
    found = {
        "allKilled": all_killed,
        "census": census(store),
        "untracked": untracked(),
        # A job that was not yet recorded as running waited at its gate, and nobody opened it.
        "ranUnrecorded": [id for id, row in store.items() if row["state"] == "starting" and os.path.exists(mark(row["ref"]))],
        "listed": sorted(job["id"] for job in json.loads(corral("ps", "--json").stdout)) == sorted(store),
    }
    limited = [row for row in store.values() if row["timeout_ms"]]
    if request["endedWithinS"] is not None:
        limit_s = timeout_s + request["endedWithinS"]
        found["overdue"] = wait_until(lambda: not any(map(is_populated, limited)), limit_s) is not True
    found["stillRunning"] = sum(bool(is_populated(row)) for row in store.values() if not row["timeout_ms"])
    kill = corral("kill", *store)
    found["kill"] = {"code": kill.returncode, "stderr": kill.stderr}
    ended = rows(request["store"])
    found["ended"] = sorted({f"{row['state']} {row['reason']}" for row in ended.values()})
    found["left"] = left_of(set(ended))
    found["empty"] = json.loads(corral("ps", "--json").stdout) == []
    print(json.dumps(found))


main()
