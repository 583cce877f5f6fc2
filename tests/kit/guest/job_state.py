"""What there is of jobs on a test machine, seen as root from within: processes, cgroups, units, supervisors, rows.

For the guest programs of this directory (guest_program.ts puts it beside them). It only observes.
"""
import glob
import os
import re
import signal
import sqlite3
import subprocess
import time

CGROUP_MOUNT = "/sys/fs/cgroup"
CORRAL = "/usr/local/bin/corral"
# corral-ID.slice, corral-ID.scope, corral-ID-supervisor.scope, corral-guard-ID.scope, and corral-OUTER-ID.slice of a job in a job; ROOT/corral/ID
# without systemd, with its guard beside it and the jobs of a job below.
UNIT = re.compile(r"^corral-(?:guard-)?(?:[a-z0-9]{6}-)*([a-z0-9]{6})(?:-supervisor|-guard)?\.(?:scope|slice)$")
CGROUPFS = re.compile(r"/corral/(?:[^/]+/)*(?:guard-)?([a-z0-9]{6})(?:-guard)?$")
STORES = ["/var/lib/corral/*.db", "/home/*/.local/state/corral/*.db", "/tmp/*/*.db", "/tmp/*/*/*.db"]
MANAGERS = [
    ["systemctl"],
    ["setpriv", "--reuid=alice", "--regid=alice", "--init-groups", "env", "XDG_RUNTIME_DIR=/run/user/1000",
     "systemctl", "--user"],
]
POLL_S = 0.02


def read(path):
    """A file of /proc; empty once it is gone."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def marked():
    """(id, what) of every living process with a job's marker. A zombie has no environment left."""
    for pid in pids():
        for variable in read(f"/proc/{pid}/environ").split(b"\0"):
            if variable.startswith(b"CORRAL_JOB_ID="):
                name = read(f"/proc/{pid}/comm").decode(errors="replace").strip()
                yield variable.partition(b"=")[2].decode(errors="replace"), f"process {pid} ({name})"


def cgroups():
    for path, _, _ in os.walk(CGROUP_MOUNT):
        found = UNIT.match(os.path.basename(path)) or CGROUPFS.search(path)
        if found:
            yield found[1], f"cgroup {path}"


def units():
    """Of the system's and of alice's manager, loaded or as files."""
    for manager in MANAGERS:
        listing = [*manager, "list-units", "--all", "--full", "--plain", "--no-legend", "corral-*"]
        answer = subprocess.run(listing, capture_output=True, text=True)
        names = [line.split()[0] for line in answer.stdout.splitlines()]
        yield from ((found[1], f"unit {name}") for name in names if (found := UNIT.match(name)))
    for path in glob.glob("/run/systemd/transient/*") + glob.glob("/run/user/*/systemd/transient/*"):
        if found := UNIT.match(os.path.basename(path)):
            yield found[1], f"unit file {path}"
    for path in glob.glob("/run/systemd/system/corral-*.d") + glob.glob("/run/user/*/systemd/user/corral-*.d"):
        if found := UNIT.match(os.path.basename(path).removesuffix(".d")):
            yield found[1], f"drop-ins {path}"


def kill_guard(id):
    """Kills the guard of a job, so that its supervisor's death leaves the job alive."""
    for pid in pids():
        if f"corral-guard-{id}\0".encode() in read(f"/proc/{pid}/cmdline"):
            os.kill(pid, signal.SIGKILL)


def everything():
    return [*marked(), *cgroups(), *units()]


def left_of(ids, wait_s=20):
    """What is left of these jobs: systemd forgets a unit a moment after its stop was answered, and a supervisor waits up to 5 s for a guard's
    cgroup before it moves out what keeps it, hence the wait."""
    deadline = time.monotonic() + wait_s
    while left := sorted({what for id, what in everything() if id in ids}):
        if time.monotonic() > deadline:
            return left
        time.sleep(POLL_S)
    return []


def rows(store):
    """{id: row} of one store, whose name may be a pattern: a user's store is named by host and machine."""
    store = next(iter(glob.glob(store)), store)
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=10) as database:
        database.row_factory = sqlite3.Row
        return {row["id"]: dict(row) for row in database.execute("SELECT * FROM jobs")}


def untracked():
    """What belongs to a job of which no store on this machine knows."""
    known = {id for pattern in STORES for store in glob.glob(pattern) for id in rows(store)}
    return sorted({what for id, what in everything() if id not in known})


def wait_until(condition, seconds):
    """The condition's first true value, else its last one."""
    deadline = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < deadline:
        time.sleep(POLL_S)
    return value
