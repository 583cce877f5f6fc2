"""The measuring half of `make bench`, inside the machine: measure.py launch|burst|kill|memory OPTIONS. Options and result are JSON.

Times are CLOCK_MONOTONIC in milliseconds, except from a deadline of corral's on: that is wall-clock time, and so is the
end. An empty cgroup is noticed by poll(2) on cgroup.events, asleep until then: nothing here competes with what is
measured.
"""
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time

READY_CAP_S = 60
SETTLE_ROUNDS = 20
SETTLED_KIB = 64
EMPTY_CAP_S = 60
# A cgroup that is removed right after it emptied takes its notice along: then this is the error.
RECHECK_MS = 5
NS_PER_MS = 1e6
MOUNT = "/sys/fs/cgroup"
# Of a tree that obeys: never waited for.
LONG_GRACE_MS = 60_000
ENV = {**os.environ, "NASTY_SANDBOX": "1"}


def launch(options):
    """Spawn to reaped, the commands interleaved so that a disturbance hits all of them.

    Each comes after the same pause: the kernel's grace period for moving a process, fresh from the command before, would
    be given to the next one for nothing.
    """
    times = {name: [] for name in options["commands"]}
    for round in range(options["warmUps"] + options["rounds"]):
        for name, argv in options["commands"].items():
            time.sleep(options["pauseMs"] / 1000)
            elapsed = spawn_and_wait(argv)
            if round >= options["warmUps"]:
                times[name].append(elapsed)
    return times


def burst(options):
    """The first spawned to the last reaped of so many at once, and the CPU time that each took, the manager's part included.

    CPU time hardly depends on what else the machine does.
    """
    rows = {name: {"wallMs": [], "cpuMs": []} for name in options["commands"]}
    for _ in range(options["rounds"]):
        for name, argv in options["commands"].items():
            time.sleep(options["pauseMs"] / 1000)
            before = cpu_ms()
            rows[name]["wallMs"].append(spawn_and_wait(argv, options["count"]))
            rows[name]["cpuMs"].append((cpu_ms() - before) / options["count"])
    return rows


def cpu_ms():
    """Of all children that were reaped and of process 1 so far."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open("/proc/1/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    ticks = int(fields[11]) + int(fields[12])
    return 1000 * (children.ru_utime + children.ru_stime + ticks / os.sysconf("SC_CLK_TCK"))


def spawn_and_wait(argv, count=1):
    null = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in range(3)]
    start = time.monotonic_ns()
    pids = [os.posix_spawnp(argv[0], argv, os.environ, file_actions=null) for _ in range(count)]
    statuses = [os.waitpid(pid, 0)[1] for pid in pids]
    elapsed = (time.monotonic_ns() - start) / NS_PER_MS
    if any(statuses):
        raise SystemExit(f"{' '.join(argv)} failed with status {max(statuses)}")
    return elapsed


def kill(options):
    """Per size the bare write, and corral at a deadline with a tree that ignores and one that obeys the first signal."""
    rows = []
    for size, rounds in options["sizes"]:
        row = {"processes": size, "bare": [], "ignoring": [], "obeying": []}
        for _ in range(rounds):
            elapsed, settle_s = bare_kill(options, size)
            row["bare"].append(elapsed)
            endings = (("ignoring", ["--ignore-term"], options["graceMs"]), ("obeying", [], LONG_GRACE_MS))
            for kind, flags, grace_ms in endings:
                row[kind].append(overdue(options, tree(options, size, flags), grace_ms, settle_s))
        rows.append(row)
    return rows


def tree(options, size, flags=()):
    return [options["nasty"], *flags, "tree", str(size)]


def bare_kill(options, size):
    """Time from a write to cgroup.kill to an empty cgroup, and the seconds the tree took to set up."""
    path = f"{MOUNT}/bench/tree"
    os.makedirs(path)

    def enter():
        with open(f"{path}/cgroup.procs", "w") as procs:
            procs.write("0")

    started = time.monotonic()
    with subprocess.Popen(tree(options, size), env=ENV, stdout=subprocess.PIPE, preexec_fn=enter) as leader:
        wait_until_ready(leader)
        settle_s = time.monotonic() - started
        with Emptiness(f"{MOUNT}/bench") as emptiness:
            start = time.monotonic_ns()
            with open(f"{path}/cgroup.kill", "w") as file:
                file.write("1")
            emptiness.wait()
            elapsed = (time.monotonic_ns() - start) / NS_PER_MS
    os.rmdir(path)
    os.rmdir(f"{MOUNT}/bench")
    return elapsed, settle_s


def overdue(options, command, grace_ms, settle_s):
    """From the deadline of a job to its empty cgroup, and to the moment at which corral says it began to end it."""
    timeout_ms = round(1000 * (settle_s * 2 + 0.5))
    receipt = "/tmp/bench-receipt.json"
    argv = [options["corral"], "run", "--quiet", "--timeout", f"{timeout_ms}ms", "--grace", f"{grace_ms}ms",
            "--receipt", receipt, "--", *command]
    with subprocess.Popen(argv, env=ENV, stdout=subprocess.PIPE) as supervisor:
        wait_until_ready(supervisor)
        ready_ns = time.time_ns()
        with Emptiness(slice_of(supervisor.pid)) as emptiness:
            emptiness.wait()
            empty_ns = time.time_ns()
    with open(receipt) as file:
        job = json.load(file)
    if supervisor.returncode != 124 or job["survivors"]:
        raise SystemExit(f"corral run gave {supervisor.returncode}, not 124: {job['reason']}")
    deadline_ms = wall_ms(job["startedAt"]) + timeout_ms
    if ready_ns / NS_PER_MS > deadline_ms:
        raise SystemExit(f"the tree was not complete {timeout_ms} ms after its start")
    began = next(wall_ms(event["at"]) for event in job["events"] if event["kind"] == "ending")
    return {"emptyMs": empty_ns / NS_PER_MS - deadline_ms, "beganMs": began - deadline_ms}


def wall_ms(iso):
    """The time of an ISO 8601 text of corral's, always UTC with milliseconds."""
    seconds, fraction = iso.rstrip("Z").split(".")
    return (time.mktime(time.strptime(seconds, "%Y-%m-%dT%H:%M:%S")) - time.timezone) * 1000 + int(fraction)


def wait_until_ready(process):
    ready, _, _ = select.select([process.stdout], [], [], READY_CAP_S)
    line = process.stdout.readline() if ready else b""
    if line != b"ready\n":
        raise SystemExit(f"the tree did not get ready: {line!r}")


def slice_of(supervisor):
    """The directory of the one job whose first process is a child of this supervisor."""
    with open(f"/proc/{supervisor}/task/{supervisor}/children") as file:
        child = file.read().split()[0]
    with open(f"/proc/{child}/cgroup") as file:
        scope = next(line for line in file.read().splitlines() if line.startswith("0::"))[3:]
    return MOUNT + scope.rsplit("/", 1)[0]


class Emptiness:
    """Waits for `populated 0` of a cgroup, or its removal."""

    def __init__(self, path):
        self.file = os.open(f"{path}/cgroup.events", os.O_RDONLY)
        self.poll = select.poll()
        self.poll.register(self.file, select.POLLPRI)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.file)

    def is_empty(self):
        try:
            return b"populated 0" in os.pread(self.file, 100, 0)
        except OSError:
            return True  # removed, so it was empty

    def wait(self):
        end = time.monotonic() + EMPTY_CAP_S
        while not self.is_empty():
            if time.monotonic() > end:
                raise SystemExit(f"the cgroup is not empty after {EMPTY_CAP_S} s")
            self.poll.poll(RECHECK_MS)


def memory(options):
    """Memory of so many idle processes of each program, in KiB each, with one more so that its binary is always shared."""
    return [
        {"program": name, "count": count, **idle_memory(argv, count)}
        for name, argv in options["programs"].items()
        for count in options["counts"]
    ]


def idle_memory(argv, count):
    supervisors = [subprocess.Popen(argv, stderr=subprocess.PIPE) for _ in range(count + 1)]
    try:
        for supervisor in supervisors:
            line = supervisor.stderr.readline()
            if b" started " not in line:
                raise SystemExit(f"{argv[0]} said {line!r}")
        return settled_memory([supervisor.pid for supervisor in supervisors[1:]])
    finally:
        for supervisor in supervisors:
            supervisor.send_signal(signal.SIGTERM)
        for supervisor in supervisors:
            supervisor.communicate()


def settled_memory(pids):
    """Read again until two readings a second apart agree: a supervisor frees what its launch took."""
    before = None
    for _ in range(SETTLE_ROUNDS):
        now = [rollup_kib(pid, "Private_") for pid in pids]
        if before is not None and abs(sum(now) - sum(before)) <= len(pids) * SETTLED_KIB:
            return {"ussKib": now, "pssKib": [rollup_kib(pid, "Pss:") for pid in pids]}
        before = now
        time.sleep(1)
    raise SystemExit("the supervisors' memory does not settle")


def rollup_kib(pid, key):
    """Private_: pages that no other process has (unique set size). Pss: with its share of those that others have too."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith(key))


PHASES = {"launch": launch, "burst": burst, "kill": kill, "memory": memory}
json.dump(PHASES[sys.argv[1]](json.loads(sys.argv[2])), sys.stdout)
