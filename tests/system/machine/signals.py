"""Sends signals to `corral run` and tells what came of it. Reads {"corral": argv, "store": file, "do": NAME, ...}, prints JSON."""
import fcntl
import json
import os
import pty
import random
import re
import signal
import subprocess
import sys
import termios
import time
from concurrent.futures import ThreadPoolExecutor

from job_state import left_of, rows, untracked, wait_until

WAIT_S = 60
WIDTH = 2
# Says which signals it gets, and lives on.
STUBBORN = """
import signal, time
def say(number, frame):
    print("got", number, flush=True)
for number in NUMBERS:
    signal.signal(number, say)
print("ready", flush=True)
while True:
    time.sleep(1)
"""
request = json.load(sys.stdin)


def corral(*words):
    return [*request["corral"], *words]


def stubborn(*numbers):
    return ["python3", "-c", STUBBORN.replace("NUMBERS", repr([int(number) for number in numbers]))]


class Run:
    """`corral run`, its output in a file that grows."""

    def __init__(self, options, argv, **how):
        self.log = open(f"/tmp/corral-test-signals-{time.monotonic_ns()}", "w+b")
        self.process = subprocess.Popen(corral("run", *options, "--", *argv), stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log, start_new_session=True, **how)

    def text(self):
        return os.pread(self.log.fileno(), 1 << 20, 0).decode()

    def await_text(self, pattern):
        found = wait_until(lambda: re.search(pattern, self.text()), WAIT_S)
        if not found:
            raise RuntimeError(f"no {pattern!r} in {self.text()!r}")
        return found

    def send(self, number):
        self.process.send_signal(number)

    def end(self):
        """What there is to say of it when it has returned."""
        code, job = self.process.wait(WAIT_S), self.await_text(r"job (\w+) started")[1]
        return {"code": code, "left": left_of({job}), "got": [int(n) for n in re.findall(r"got (\d+)", self.text())],
                "reason": rows(request["store"])[job]["reason"], "text": self.text()}


def once(number):
    """One signal to a job that ends at the first signal it gets."""
    run = Run(["--grace", "50s"], ["sh", "-c", "echo ready; exec sleep 1000"])
    run.await_text("ready")
    run.send(number)
    return run.end()


def twice(number):
    """Two signals to a job that ignores the first one."""
    run = Run(["--grace", "1h"], stubborn(signal.SIGTERM))
    run.await_text("ready")
    run.send(number)
    run.await_text("got 15")
    run.send(number)
    return run.end()


def nohup(number):
    """A signal that was ignored when corral was started, then one that was not."""
    run = Run(["--grace", "300ms"], stubborn(signal.SIGTERM), preexec_fn=lambda: signal.signal(number, signal.SIG_IGN))
    run.await_text("ready")
    run.send(number)
    run.send(signal.SIGINT)
    return run.end()


def first_signal(name, number):
    """What a job gets that was started with --signal."""
    run = Run(["--grace", "300ms", "--signal", name], stubborn(number, signal.SIGTERM))
    run.await_text("ready")
    run.send(signal.SIGTERM)
    return run.end()


class Terminal:
    """`corral run` on a terminal of its own, whose other end is ours."""

    def __init__(self, argv):
        self.ours, self.theirs = pty.openpty()
        self.name, self.before = os.ttyname(self.theirs), termios.tcgetattr(self.theirs)
        self.process = subprocess.Popen(corral("run", "--grace", "0", "--", *argv), stdin=self.theirs,
                                        stdout=self.theirs, stderr=self.theirs, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.text = ""

    def await_text(self, pattern):
        while not (found := re.search(pattern, self.text)):
            self.text += os.read(self.ours, 4096).decode()
        return found

    def is_unchanged(self):
        return termios.tcgetattr(self.theirs)[:4] == self.before[:4]

    def hang_up(self):
        os.close(self.theirs)
        os.close(self.ours)


def on_terminal(act):
    terminal = Terminal(["sh", "-c", 'tty; read line; echo "read $line"; exec sleep 1000'])
    job = terminal.await_text(r"job (\w+) started")[1]
    os.write(terminal.ours, b"hello\n")
    terminal.await_text("read hello")
    unchanged = terminal.is_unchanged()
    if act == "hang up":
        terminal.hang_up()
    else:
        os.write(terminal.ours, b"\x03")
    code = terminal.process.wait(WAIT_S)
    return {"code": code, "left": left_of({job}), "reason": rows(request["store"])[job]["reason"],
            "terminal": terminal.name in terminal.text,
            "unchanged": unchanged and (act == "hang up" or terminal.is_unchanged())}


def early(seed, span_s):
    """A signal at a random moment of the launch."""
    moment = random.Random(seed)
    number = moment.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    log = open(f"/tmp/corral-test-early-{seed}", "w+b")
    process = subprocess.Popen(corral("run", "--grace", "0", "--ref", str(seed), "--", "sleep", "1000"),
                               stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    delay_s = moment.uniform(0, span_s)
    time.sleep(delay_s)
    process.send_signal(number)
    code = process.wait(WAIT_S)
    # Before corral listens, the signal ends it as it ends any program.
    fine = code in (128 + number, -number)
    return None if fine else {"seed": seed, "signal": number, "delayS": delay_s, "code": code,
                              "text": os.pread(log.fileno(), 4096, 0).decode()}


def launch_s():
    """How long a launch takes here and now, in company."""
    started = time.monotonic()
    with ThreadPoolExecutor(WIDTH) as pool:
        list(pool.map(lambda _: subprocess.run(corral("run", "--quiet", "true"), check=True), range(WIDTH)))
    return time.monotonic() - started


def all_early():
    span_s = launch_s()
    with ThreadPoolExecutor(WIDTH) as pool:
        wrong = [one for one in pool.map(lambda seed: early(seed, span_s), range(request["tries"])) if one]
    store = rows(request["store"])
    states = {}
    for row in store.values():
        key = f"{row['state']} {row['reason']}"
        states[key] = states.get(key, 0) + 1
    return {"wrong": wrong, "states": states, "left": left_of(set(store)), "untracked": untracked()}


NUMBERS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
ACTS = {
    "once": lambda: {number.name: once(number) for number in NUMBERS},
    "twice": lambda: {number.name: twice(number) for number in NUMBERS},
    "nohup": lambda: nohup(signal.SIGHUP),
    "first": lambda: {"INT": first_signal("INT", signal.SIGINT), "RTMIN+1": first_signal("RTMIN+1", signal.SIGRTMIN + 1)},
    "terminal": lambda: {act: on_terminal(act) for act in ("Ctrl-C", "hang up")},
    "early": all_early,
}
print(json.dumps(ACTS[request["do"]]()))
