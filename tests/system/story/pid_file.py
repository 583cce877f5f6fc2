"""The old way of ending jobs, as it was before corral: setsid, a PID file for each job, killpg, and a scan by process name from cron.

As a program it is that scan: pid_file.py STATUS-COMMAND
"""
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

DIRECTORY = Path("/run/story/pids")
GRACE_S = 2
DYING_S = 30
POLL_S = 0.05
NAME = "old/segment.py --task"
FINISHED = {"success", "failure", "revoked", "completed", "failed", "cancelled"}


def signal_group(group, number):
    """False when there is nothing left to signal."""
    try:
        os.killpg(group, number)
        return True
    except ProcessLookupError:
        return False


def end_groups(groups):
    deadline = time.monotonic() + GRACE_S
    while groups and time.monotonic() < deadline:
        groups = [group for group in groups if signal_group(group, signal.SIGTERM)]
        time.sleep(POLL_S)
    for group in groups:
        signal_group(group, signal.SIGKILL)


def wait_until_gone(groups):
    """A kill is not yet an exit. Only so that what is counted afterwards is what the old way leaves, not what is dying."""
    deadline = time.monotonic() + DYING_S
    while any(signal_group(group, 0) for group in groups) and time.monotonic() < deadline:
        time.sleep(POLL_S)


def run(task, argv, timeout_s):
    """In place of subprocess.run(): the exit code, 124 after the time-out."""
    process = subprocess.Popen(argv, start_new_session=True)
    file = DIRECTORY / task
    file.write_text(str(process.pid))
    try:
        return process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return 124
    finally:
        end_groups([process.pid])
        process.wait()
        wait_until_gone([process.pid])
        file.unlink()


def processes():
    """(pid, task) of all that the scan can see."""
    listing = subprocess.run(["pgrep", "-a", "-f", NAME], capture_output=True, text=True).stdout
    for line in listing.splitlines():
        if found := re.match(r"(\d+) .*--task (\S+)", line):
            yield int(found[1]), found[2]


def finished(tasks, status_command):
    answers = subprocess.run(status_command, shell=True, input="\n".join(tasks), capture_output=True, text=True).stdout
    words = (line.split() for line in answers.splitlines())
    return {task for task, status in words if status.lower() in FINISHED}


def group_of(pid):
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def scan(status_command):
    files = [(int(file.read_text()), file.name) for file in DIRECTORY.iterdir()]
    seen = [*((group_of(pid), task) for pid, task in processes()), *files]
    over = finished({task for _, task in seen}, status_command)
    groups = {group for group, task in seen if task in over} - {None, os.getpgid(0)}
    end_groups(groups)
    wait_until_gone(groups)


if __name__ == "__main__":
    scan(sys.argv[1])
