"""The measuring half of the queue benchmark, on this machine: measure_queue.py OPTIONS prints JSON. Short jobs through a pool beside other queues,
and what waiting costs. OPTIONS: corral, jobs, slots, waiters, idleS.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

options = json.loads(sys.argv[1])
JOBS, SLOTS, WAITERS = options["jobs"], options["slots"], options["waiters"]
HOME = tempfile.mkdtemp(prefix="corral-bench-queue-")
with open(f"{HOME}/config.toml", "w") as file:
    file.write(f"[pools.short]\njobs = {SLOTS}\n[pools.one]\njobs = 1\n")
CORRAL = [options["corral"], "--state-dir", f"{HOME}/state", "--config", f"{HOME}/config.toml"]
RUN = [*CORRAL, "run", "--backend", "cgroupfs", "--quiet"]
JOB = ["sleep", "0.1"]
NONE = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")


def poll(condition, pause_s=0.1):
    while not condition():
        time.sleep(pause_s)


def at_most(argv, at_once):
    """All of them, so many at a time."""
    running = set()
    for _ in range(JOBS):
        while len(running) >= at_once:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
            running = {one for one in running if one.poll() is None}
        running.add(subprocess.Popen(argv, **NONE))
    for one in running:
        one.wait()


def waiting():
    """As many as a caller such as Celery has workers: each waits for its job."""
    at_most([*RUN, "--pool", "short", "--", *JOB], 4 * SLOTS)


def detached():
    for _ in range(JOBS):
        subprocess.run([*RUN, "--pool", "short", "--detach", "--output", "/dev/null", "--", *JOB], **NONE, check=True)
    poll(lambda: subprocess.run([*CORRAL, "ps", "-q"], capture_output=True, check=True).stdout == b"")


def no_pool():
    at_most([*RUN, "--", *JOB], SLOTS)


def spooler():
    env = {**os.environ, "TS_SOCKET": f"{HOME}/tsp", "TMPDIR": HOME}
    tsp = lambda *words: subprocess.run(["tsp", *words], env=env, capture_output=True, text=True, check=True).stdout
    tsp("-S", str(SLOTS))
    try:
        for _ in range(JOBS):
            tsp("-n", *JOB)
        poll(lambda: not any(f" {state} " in tsp("-l") for state in ("queued", "running")))
    finally:
        tsp("-K")


def parallel():
    numbers = "".join(f"{number}\n" for number in range(JOBS))
    subprocess.run(["parallel", f"-j{SLOTS}", "-n0", *JOB], input=numbers, text=True, check=True, stdout=subprocess.DEVNULL)


def cpu_ms(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * TICK_MS


def pss_kib(pid):
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss:"))


def queued():
    return len(json.loads(subprocess.run([*CORRAL, "queue", "--json"], capture_output=True, check=True).stdout))


def at_rest(pids):
    before = {pid: cpu_ms(pid) for pid in pids}
    time.sleep(options["idleS"])
    return [cpu_ms(pid) - before[pid] for pid in pids]


def waiters():
    """A pool with one slot that is taken: what its waiters cost, and how many of them notice when it comes free."""
    first = subprocess.Popen([*RUN, "--pool", "one", "--", "sleep", "100000"], **NONE)
    poll(lambda: subprocess.run([*CORRAL, "ps", "-q", "--state", "running"], capture_output=True).stdout != b"")
    others = [subprocess.Popen([*RUN, "--pool", "one", "--", "sleep", "100000"], **NONE) for _ in range(WAITERS)]
    try:
        poll(lambda: queued() == WAITERS)
        pids = [one.pid for one in others]
        idle = at_rest(pids)
        found = {"restMs": sum(idle) / WAITERS, "supervisorRestMs": at_rest([first.pid])[0]}
        found["pssKib"] = sum(map(pss_kib, pids)) / WAITERS
        found["supervisorPssKib"] = pss_kib(first.pid)
        before = {pid: cpu_ms(pid) for pid in pids}
        first.send_signal(signal.SIGTERM)
        first.wait()
        start = time.monotonic()
        poll(lambda: queued() == WAITERS - 1, 0.02)
        found["nextMs"] = (time.monotonic() - start) * 1000
        # Above a rest of the same length: one look of its own is less than that.
        found["woken"] = sum(cpu_ms(pid) - before[pid] > 20 for pid in pids)
        return found
    finally:
        for one in [first, *others]:
            one.send_signal(signal.SIGTERM)
        for one in [first, *others]:
            one.wait()


def timed(act):
    start = time.monotonic()
    act()
    return time.monotonic() - start


WAYS = {"run --pool, waiting": waiting, "run --pool --detach": detached, "run without a pool": no_pool}
OTHERS = {"tsp": spooler, "parallel": parallel}
try:
    ways = {**WAYS, **{name: way for name, way in OTHERS.items() if shutil.which(name)}}
    result = {"seconds": {name: timed(way) for name, way in ways.items()}, "waiters": waiters()}
finally:
    shutil.rmtree(HOME, ignore_errors=True)
print(json.dumps(result))
