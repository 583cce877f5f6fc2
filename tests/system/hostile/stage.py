"""What is left of any job on the machine ("left"), or its removal by force ("clear"). Reads [word, slowness of the machine] as JSON, prints what there still is."""
import json
import os
import signal
import subprocess
import sys
import time

from job_state import MANAGERS, POLL_S, cgroups, everything, marked, pids, units

LEFT_WAIT_S = 5
CLEAR_WAIT_S = 20


def corrals():
    """Processes of the program under test, also where its file has been removed."""
    for pid in pids():
        try:
            path = os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")
        except OSError:
            continue
        if os.path.basename(path).startswith("corral"):
            yield pid


def there_is():
    return sorted({*(what for _, what in everything()), *(f"process {pid} (corral)" for pid in corrals())})


def await_nothing(seconds, between=lambda: None):
    deadline = time.monotonic() + seconds
    while left := there_is():
        if time.monotonic() > deadline:
            return left
        between()
        time.sleep(POLL_S)
    return []


def write(path, text):
    try:
        with open(path, "w") as file:
            file.write(text)
    except OSError:
        pass  # it is gone, or has no such file


def end(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def remove_cgroup(top):
    write(f"{top}/cgroup.freeze", "0")
    write(f"{top}/cgroup.kill", "1")
    # Relative to descriptors, as a path in it may be longer than the kernel takes.
    try:
        for _, names, _, parent in os.fwalk(top, topdown=False):
            for name in names:
                remove(name, parent)
        remove(top, None)
    except FileNotFoundError:
        pass  # a scope goes by itself


def remove(name, parent):
    try:
        os.rmdir(name, dir_fd=parent)
    except OSError:
        pass  # the next round finds it again


def clear_once():
    for pid in corrals():
        end(pid)
    for _, what in marked():
        end(int(what.split()[1]))
    for _, what in cgroups():
        remove_cgroup(what.removeprefix("cgroup "))
    names = sorted({what.split()[1] for _, what in units() if what.startswith("unit ")})
    for manager in MANAGERS if names else []:
        subprocess.run([*manager, "stop", "--no-block", *names], capture_output=True)
        subprocess.run([*manager, "reset-failed", *names], capture_output=True)


word, slowness = json.load(sys.stdin)
print(json.dumps(await_nothing(LEFT_WAIT_S * slowness) if word == "left" else await_nothing(CLEAR_WAIT_S, clear_once)))
