"""Sends signals to `corral run`. Reads {"act", "signal", "argv", "said", ...}; prints how corral ended, what the job got, and if corral lived."""
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time

from job_state import read, wait_until

LIMIT_S = 20
# Says which signals it gets, and lives on. It has a child with no handler.
LISTENER = """
import os, signal, subprocess, sys, time
child = subprocess.Popen(["sleep", "1000"]).pid
def say(number, frame):
    with open(sys.argv[1], "a") as file:
        file.write(f"got {number}\\n")
for number in signal.valid_signals() - {9, 19, 32, 33, 17}:
    signal.signal(number, say)
with open(sys.argv[1], "a") as file:
    file.write(f"child {child}\\n")
while True:
    time.sleep(1)
"""
request = json.load(sys.stdin)


def number():
    name, _, plus = request["signal"].partition("+")
    return getattr(signal, f"SIG{name}", {"STKFLT": 16, "SYS": 31}.get(name)) + int(plus or 0)


def argv():
    words = request["argv"]
    if "LISTENER" not in words:
        return words
    at = words.index("LISTENER")
    return [*words[:at], "python3", "-c", LISTENER, *words[at + 1:]]


def said():
    return read(request["said"]).decode()


def got():
    return [int(one) for one in re.findall(r"got (\d+)", said())]


def start():
    process = subprocess.Popen(argv(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               start_new_session=True)
    if not wait_until(lambda: "child" in said(), LIMIT_S):
        raise RuntimeError(f"no job: {process.poll()}")
    return process


def code_of(process):
    try:
        return process.wait(LIMIT_S)
    except subprocess.TimeoutExpired:
        return None


def after_signal(is_alive):
    """What was passed on, if it ever is; when corral dies of the signal it does so at once."""
    wait_until(lambda: got() or not is_alive(), 3)
    return {"alive": is_alive(), "got": got()}


def foreground():
    process = start()
    process.send_signal(number())
    answer = after_signal(lambda: process.poll() is None)
    process.send_signal(signal.SIGTERM)
    return {**answer, "code": code_of(process)}


def with_child():
    process = start()
    child = int(re.search(r"child (\d+)", said())[1])
    process.send_signal(number())
    answer = after_signal(lambda: process.poll() is None)
    answer["alive"] = answer["alive"] and os.path.exists(f"/proc/{child}")
    process.send_signal(signal.SIGTERM)
    return {**answer, "got": [one for one in answer["got"] if one != signal.SIGTERM], "code": code_of(process)}


def detach():
    done = subprocess.run(argv(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: "child" in said(), LIMIT_S)
    return {"code": done.returncode, "got": [], "alive": True}


def to():
    os.kill(request["pid"], number())
    return {**after_signal(lambda: os.path.exists(f"/proc/{request['pid']}")), "code": None}


def ending():
    process = start()
    process.send_signal(number())
    return {"code": code_of(process), "got": got(), "alive": False}


def twice():
    process = start()
    process.send_signal(number())
    wait_until(got, LIMIT_S)
    process.send_signal(number())
    return {"code": code_of(process), "got": got(), "alive": False}


def loop():
    """Rounds of a loop on a terminal of which the first was interrupted by a key."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp("bash", ["bash", "-c", 'for i in 1 2 3; do "$@"; done', "bash", *request["argv"]])
    text, deadline, sent = "", time.monotonic() + LIMIT_S, 0
    os.set_blocking(terminal, False)
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        try:
            text += os.read(terminal, 4096).decode()
        except (BlockingIOError, OSError):
            time.sleep(0.02)
        if text.count("round") > sent:
            sent += 1
            os.write(terminal, request["key"].encode())
    return {"code": text.count("round"), "got": [], "alive": False}


ACTS = {"foreground": foreground, "with-child": with_child, "detach": detach, "to": to, "ending": ending, "twice": twice,
        "loop": loop}
print(json.dumps(ACTS[request["act"]]()))
