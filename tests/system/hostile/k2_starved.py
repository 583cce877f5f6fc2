"""`corral run` in surroundings that starve it. Reads {"act", "argv", ...}, prints how it ended as JSON; what hangs is killed and has no code."""
import json
import os
import pty
import resource
import signal
import subprocess
import sys
import time

from job_state import wait_until

LIMIT_S = 15
# Forks until it is refused, ignores TERM, and forks again whenever it can.
BOMB = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
while True:
    try:
        if os.fork() == 0:
            pass
    except OSError:
        if len(sys.argv) > 1:
            open(sys.argv[1], "w").close()
        time.sleep(0.05)
"""
request = json.load(sys.stdin)


def outcome(process, started, **more):
    """Waits for it, bounded."""
    try:
        code = process.wait(LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        code = None
    return {"code": code, "seconds": time.monotonic() - started, **more}


def fill(end):
    """Until not one byte more goes in, also a moment later: a terminal takes some from one buffer to the next."""
    os.set_blocking(end, False)
    for size in (4096, 1, 1, 1):
        try:
            while True:
                os.write(end, b"x" * size)
        except BlockingIOError:
            time.sleep(0.1)
    os.set_blocking(end, True)


def full():
    """The end for writing is corral's; the other one is never read."""
    ours, theirs = pty.openpty() if request["stream"] == "terminal" else os.pipe()
    if request["full"]:
        fill(theirs)
    stdout = theirs if request["stream"] == "both" else subprocess.DEVNULL
    started = time.monotonic()
    process = subprocess.Popen(request["argv"], stdin=subprocess.DEVNULL, stdout=stdout, stderr=theirs)
    if number := request.get("signal"):
        wait_until(lambda: os.path.exists(request["mark"]), LIMIT_S)
        process.send_signal(number)
    return outcome(process, started)


def plain():
    started = time.monotonic()
    process = subprocess.Popen(request["argv"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    result = outcome(process, started)
    os.set_blocking(process.stderr.fileno(), False)
    return {**result, "stderr": process.stderr.read() or ""}


def process_limit():
    """What RLIMIT_NPROC must be for the user to have 50 threads more: how many there are is known only by trying."""
    low, high = 1, 100_000
    while low < high:
        middle = (low + high) // 2
        pid = os.fork()
        if pid == 0:
            resource.setrlimit(resource.RLIMIT_NPROC, (middle, middle))
            try:
                os._exit(0 if os.fork() == 0 else 0)
            except OSError:
                os._exit(1)
        low, high = (low, middle) if os.waitpid(pid, 0)[1] == 0 else (middle + 1, high)
    return low + 50


def limited(argv, **how):
    limit = request.setdefault("limit", process_limit())
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **how,
                            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NPROC, (limit, limit)))


def with_bomb():
    at = request["argv"].index("BOMB")
    return [*request["argv"][:at], "python3", "-c", BOMB, *request["argv"][at + 1:]]


def bomb():
    started = time.monotonic()
    return outcome(limited(with_bomb()), started)


def kill_bomb():
    process = limited(with_bomb())
    assert wait_until(lambda: os.path.exists(request["mark"]), LIMIT_S)
    kill = limited(request["kill"], stderr=subprocess.PIPE, text=True)
    _, stderr = kill.communicate(timeout=LIMIT_S)
    process.poll()
    return {"code": kill.returncode, "stderr": stderr}


ACTS = {"full": full, "plain": plain, "bomb": bomb, "kill-bomb": kill_bomb, "bomb-text": lambda: BOMB}
print(json.dumps(ACTS[request["act"]]()))
