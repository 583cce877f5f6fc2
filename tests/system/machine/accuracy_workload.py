"""A job of known amounts: accuracy_workload.py DIRECTORY end|oom. Two cores for four seconds, then memory of its own and pages of a device,
held until a file named `go` is in DIRECTORY; then direct writes and reads; then it leaves what the kernel says of its cgroup as `end.json`, or
takes memory until it dies.
"""
import json
import mmap
import os
import resource
import subprocess
import sys
import time

DEVICE = "/dev/nullb0"
MOUNT = "/sys/fs/cgroup"
MIB = 1 << 20
ANON_MIB, CACHE_MIB, WRITE_MIB, READ_MIB = 200, 100, 50, 10
FILES = ["cpu.stat", "memory.stat", "memory.peak", "memory.events", "io.stat", "cpu.pressure", "memory.pressure", "io.pressure", "pids.peak"]
directory, ending = sys.argv[1:]


def cgroup():
    """Of the job: under systemd the slice, one above the scope."""
    with open("/proc/self/cgroup") as file:
        path = next(line for line in file.read().splitlines() if line.startswith("0::"))[3:]
    return MOUNT + (os.path.dirname(path) if path.endswith(".scope") else path)


def files():
    texts = {}
    for name in FILES:
        with open(f"{cgroup()}/{name}") as file:
            texts[name] = file.read()
    return texts


def leave(name, content):
    with open(f"{directory}/.{name}", "w") as file:
        json.dump(content, file)
    os.rename(f"{directory}/.{name}", f"{directory}/{name}")


def wait_for(name):
    while not os.path.exists(f"{directory}/{name}"):
        time.sleep(0.05)


def transfer(flags, act, count):
    """So many MiB past the page cache, from or to an aligned buffer."""
    buffer = mmap.mmap(-1, MIB)
    device = os.open(DEVICE, flags | os.O_DIRECT)
    for index in range(count):
        assert act(device, [buffer], index * MIB) == MIB
    os.close(device)


def main():
    subprocess.run(["stress-ng", "--quiet", "--cpu", "2", "--timeout", "4"], check=True)
    held = bytearray(b"x") * (ANON_MIB * MIB)
    # The last close of a block device drops the pages of it.
    with open(DEVICE, "rb", buffering=0) as device:
        for _ in range(CACHE_MIB):
            device.read(MIB)
        leave("held.json", files())
        wait_for("go")
    transfer(os.O_WRONLY, os.pwritev, WRITE_MIB)
    transfer(os.O_RDONLY, os.preadv, READ_MIB)
    if ending == "oom":
        while True:
            held += b"x" * MIB
    # What is used after the last look is in no figure of it: no memory to give back, no interpreter to end.
    del held
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu_usec = round(sum(usage.ru_utime + usage.ru_stime for usage in usages) * 1e6)
    leave("end.json", {"files": files(), "cpuUsec": cpu_usec})
    os._exit(0)


main()
