"""Processes and cgroups that are nobody's business, with eyes on them: for the guest programs of this directory."""
import ctypes
import os
import signal

from job_state import CGROUP_MOUNT, read, wait_until

IN_MODIFY, IN_ATTRIB, IN_CREATE, IN_DELETE = 0x2, 0x4, 0x100, 0x200
# What cannot be caught, and what the thread library keeps for itself.
UNCATCHABLE = {signal.SIGKILL, signal.SIGSTOP, 32, 33}
PR_SET_PDEATHSIG = 1
WAIT_S = 30


class Bystander:
    """A process that notes every signal it is sent, in a cgroup of its own. `pid` asks for a certain one (see `as_pid`)."""

    def __init__(self, cgroup, notes, pid=None):
        self.cgroup, self.notes = cgroup, notes
        os.makedirs(CGROUP_MOUNT + cgroup, exist_ok=True)
        self.pid = as_pid(pid, self.stand_by) if pid else fork(self.stand_by)
        with open(f"{CGROUP_MOUNT}{cgroup}/cgroup.procs", "w") as file:
            file.write(str(self.pid))
        assert wait_until(lambda: os.path.exists(f"{notes}.ready"), WAIT_S)

    def stand_by(self):
        # Not longer than the program that asked for it.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        for number in signal.valid_signals() - UNCATCHABLE:
            signal.signal(number, self.note)
        open(f"{self.notes}.ready", "w").close()
        while True:
            signal.pause()

    def note(self, number, frame):
        with open(f"{self.notes}.signals", "a") as file:
            file.write(f"{number} ")

    def state(self):
        """Letter of its state, and the numbers of the signals that it was sent."""
        stat = read(f"/proc/{self.pid}/stat").decode()
        return {"state": stat.rpartition(") ")[2][:1], "signals": read(f"{self.notes}.signals").decode()}

    def leave(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.rmdir(CGROUP_MOUNT + self.cgroup)


def fork(act):
    pid = os.fork()
    if pid == 0:
        act()
    return pid


def as_pid(wanted, act):
    """Forks until the child has that pid, which must be free: the kernel is told where to look next (ns_last_pid)."""
    for _ in range(20):
        with open("/proc/sys/kernel/ns_last_pid", "w") as file:
            file.write(str(wanted - 1))
        pid = os.fork()
        if pid == 0:
            if os.getpid() == wanted:
                act()
            os._exit(0)
        if pid == wanted:
            return pid
        os.waitpid(pid, 0)
    raise RuntimeError(f"pid {wanted} is not to be had")


class Watch:
    """Sees whatever is written to the files of cgroups, made in them or removed from them (inotify(7))."""

    def __init__(self, cgroups):
        libc = ctypes.CDLL(None)
        self.fd = libc.inotify_init1(os.O_NONBLOCK)
        for path in cgroups:
            mask = IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE
            assert libc.inotify_add_watch(self.fd, (CGROUP_MOUNT + path).encode(), mask) >= 0, path

    def noticed(self):
        """Since the last time."""
        try:
            return os.read(self.fd, 65536) != b""
        except BlockingIOError:
            return False
