"""Starts trees of processes, has corral adopt each, and tells where every process of them is then, and what is left in the end.

A process belongs to a tree by a variable of its environment, whatever its parent, session and cgroup.
"""
import json
import os
import subprocess
import sys
import threading
import time

from job_state import pids, read, wait_until

MARK = "ADOPT_TEST_TREE"
# What one look misses, because it comes into being at that moment, the next one sees.
LOOKS = 2


def threads(pid):
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []


def members(mark):
    """(pid, state, cgroup) of each living process of a tree, from a thread that lives: the main thread may have ended before it."""
    wanted = f"{MARK}={mark}".encode()
    for pid in pids():
        for thread in threads(pid):
            directory = f"/proc/{pid}/task/{thread}"
            if wanted in read(f"{directory}/environ").split(b"\0"):
                yield pid, state_of(directory), cgroup_of(directory)
                break


def state_of(directory):
    """One letter; none when it is gone."""
    return read(f"{directory}/stat").decode(errors="replace").rpartition(")")[2][1:2]


def cgroup_of(directory):
    lines = read(f"{directory}/cgroup").decode(errors="replace").splitlines()
    return next((line[3:] for line in lines if line.startswith("0::")), "gone")


def stopped(mark):
    return sorted(pid for pid, state, _ in members(mark) if state == "T")


def is_inside(cgroup, job):
    return f"/corral-{job}.slice/" in cgroup or f"/corral/{job}/" in f"{cgroup}/"


def look(mark, job):
    """How many are in the job's cgroup, and which are not. A process that is just leaving is seen in none."""
    found = [(pid, cgroup) for pid, _, cgroup in members(mark) if cgroup not in ("gone", "/")]
    missed = {f"{pid} in {cgroup}" for pid, cgroup in found if not is_inside(cgroup, job)}
    return len(found) - len(missed), missed


class Case(threading.Thread):
    def __init__(self, setting, case):
        super().__init__()
        self.setting = setting
        self.name = case["name"]
        self.argv = case["argv"]
        self.mark = f"{setting['purpose']}-{self.name}".replace(" ", "-")
        self.record = {"name": self.name}

    def run(self):
        bystander = subprocess.Popen(["sleep", "1000"])
        env = {**os.environ, MARK: self.mark, "NASTY_SANDBOX": "1"}
        tree = subprocess.Popen(self.argv, env=env, start_new_session=True, stdout=subprocess.PIPE, text=True)
        try:
            self.adopt(tree, bystander)
        except Exception as error:
            self.record["error"] = repr(error)
        finally:
            for pid, _, _ in members(self.mark):
                self.record.setdefault("left", []).append(pid)
                os.kill(pid, 9)
            bystander.kill()
            bystander.wait()
            tree.wait()

    def adopt(self, tree, bystander):
        for line in tree.stdout:
            if line == "ready\n":
                break
        before = stopped(self.mark)
        bystanders_cgroup = cgroup_of(f"/proc/{bystander.pid}")
        called = subprocess.run([*self.setting["corral"], "adopt", *self.setting["options"], "--pid", str(tree.pid)],
                                capture_output=True, text=True)
        job = called.stdout.strip()
        self.record.update(code=called.returncode, stdout=called.stdout, stderr=called.stderr)
        if called.returncode != 0:
            return
        looks = [look(self.mark, job) for _ in range(LOOKS)]
        self.record.update(
            inside=max(inside for inside, _ in looks),
            outside=sorted(set().union(*(missed for _, missed in looks))),
            wokenUp=[pid for pid in before if pid not in stopped(self.mark)],
            stopped=len(before),
        )
        if not self.setting["endsByItself"]:
            subprocess.run([*self.setting["corral"], "kill", "--now", job], capture_output=True)
        self.record["ended"] = bool(wait_until(lambda: self.has_ended(job), self.setting["patienceS"]))
        shown = subprocess.run([*self.setting["corral"], "show", "--json", job], capture_output=True, text=True)
        self.record.update(
            job=json.loads(shown.stdout),
            bystanderIsSame=bystander.poll() is None and cgroup_of(f"/proc/{bystander.pid}") == bystanders_cgroup,
        )

    def has_ended(self, job):
        shown = subprocess.run([*self.setting["corral"], "show", "--json", job], capture_output=True, text=True)
        return shown.returncode == 0 and json.loads(shown.stdout)["state"] == "ended"


setting = json.load(sys.stdin)
cases = [Case(setting, case) for case in setting["cases"]]
for case in cases:
    case.start()
for case in cases:
    case.join()
print(json.dumps([case.record for case in cases]))
