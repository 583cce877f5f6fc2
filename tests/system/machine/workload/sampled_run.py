"""Runs `corral run` (argv) and meanwhile reads the job's control files itself; prints what it and what corral saw.

"stateDir" is for corral, "receipt" the file that argv makes it write, "user" whom to become, or null.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import time

CGROUP_MOUNT = "/sys/fs/cgroup"
PERIOD_S = 0.02

request = json.load(sys.stdin)


def read(path):
    """The text of a control file, or None: not there, or gone with the job."""
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return None


def find_cgroup(job):
    names = {f"corral-{job}.slice", job}
    return next((path for path, _, _ in os.walk(CGROUP_MOUNT) if os.path.basename(path) in names), None)


def sample(cgroup, seen):
    """Counters only grow: what was read last is most."""
    peak, stat = read(f"{cgroup}/memory.peak"), read(f"{cgroup}/cpu.stat")
    if peak:
        seen["memoryPeakBytes"] = int(peak)
    if stat:
        seen["cpuUsageUsec"] = int(re.search(r"^usage_usec (\d+)$", stat, re.MULTILINE)[1])
        seen["samples"] += 1


def environment():
    own = {"CORRAL_STATE_DIR": request["stateDir"], "XDG_RUNTIME_DIR": "/run/user/1000"}
    return {**os.environ, **own, "HOME": "/"}


def main():
    prefix = ["setpriv", *(f"--{id}={request['user']}" for id in ("reuid", "regid")), "--init-groups"]
    argv = [*(prefix if request["user"] else []), *request["argv"]]
    seen = {"memoryPeakBytes": None, "cpuUsageUsec": None, "samples": 0}
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        text = lambda file: os.pread(file.fileno(), 1 << 20, 0).decode()
        corral = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=environment(), cwd="/")
        cgroup = None
        while corral.poll() is None:
            started = re.search(r"^corral: job (\w+) started", text(stderr), re.MULTILINE)
            cgroup = cgroup or (started and find_cgroup(started[1]))
            if cgroup:
                sample(cgroup, seen)
            time.sleep(PERIOD_S)
        with open(request["receipt"]) as receipt:
            job = json.load(receipt)
        print(json.dumps({"code": corral.returncode, "stdout": text(stdout), "stderr": text(stderr), "seen": seen, "job": job}))


main()
