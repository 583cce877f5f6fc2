"""What a process inherits from an unusual caller: started by each command that is read, such as [] or ["corral", "run"].

Prints one answer for each. Given a path it is the probe itself and writes its answer there.
"""
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile

from job_state import wait_until

ANSWER_S = 30
IGNORED = [signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1]
ENVIRONMENT = {
    b"PATH": b"/usr/local/bin:/usr/bin:/bin", b"HOME": b"/nowhere", b"EMPTY": b"", b"a.b": b"dots", b"1ST": b"digit",
    b"BASH_FUNC_module%%": b"() { echo hello\n}", b"LINES_": b"one\ntwo\n\n", b"LATIN1": b"caf\xe9\n", b"UTF8": "é".encode(),
    b"PWD": b"/not/here", b"OLDPWD": b"/nor/here", b"SHLVL": b"7", b"_": b"/usr/bin/old", b"IFS": b"x", b"PS4": b"$(id)",
    b"QUOTES": b"'\"$(id)`id`\\", b"XDG_RUNTIME_DIR": b"/wrong", b"INVOCATION_ID": b"of the caller",
}
LIMITS = ["NOFILE", "CORE", "STACK", "NPROC", "FSIZE", "DATA", "AS", "MEMLOCK", "CPU", "RSS", "SIGPENDING", "NICE", "RTPRIO"]


def status(name):
    with open("/proc/self/status") as file:
        return next(line.split("\t")[1].strip() for line in file if line.startswith(name))


def descriptor(fd):
    stat = os.fstat(fd)
    with open(f"/proc/self/fdinfo/{fd}") as file:
        flags = next(line.split()[1] for line in file if line.startswith("flags"))
    return [stat.st_dev, stat.st_ino, os.readlink(f"/proc/self/fd/{fd}"), flags]


def descriptors():
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[name] = descriptor(int(name))
        except OSError:
            pass  # that of the listing itself
    return found


def mask_of(name):
    """Less the two signals that glibc keeps for itself (32 and 33): its posix_spawn(3) may leave them ignored, and no program can set them."""
    return int(status(name), 16) & ~(0b11 << 31)


def probe():
    return {
        "fds": descriptors(),
        "env": dict(sorted(entry.split("=", 1) for entry in read_environ() if entry)),
        "cwd": os.fsencode(os.getcwdb()).decode("latin-1"),
        "umask": oct(os.umask(0)),
        "nice": os.nice(0),
        "affinity": sorted(os.sched_getaffinity(0)),
        "oomScoreAdj": open("/proc/self/oom_score_adj").read(),
        "limits": {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}")) for name in LIMITS},
        "ignored": mask_of("SigIgn"),
        "blocked": mask_of("SigBlk"),
        "ids": [os.getresuid(), os.getresgid(), sorted(os.getgroups())],
        "leader": [os.getpgrp() == os.getpid(), os.getsid(0) == os.getpid()],
    }


def read_environ():
    with open("/proc/self/environ", "rb") as file:
        return file.read().decode("latin-1").split("\0")


def become_unusual():
    if os.getuid() == 0:
        os.setgroups([27, 2000])
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("300")
    os.umask(0o027)
    os.nice(5)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    resource.setrlimit(resource.RLIMIT_NOFILE, (300, 700))
    resource.setrlimit(resource.RLIMIT_STACK, (4 << 20, 16 << 20))
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})


def answer_of(prefix, directory):
    """The probe's answer, also of a job that is detached; stdin is a socket, stdout a file to append to, stderr a pipe."""
    answer = os.path.join(directory, b"answer")
    output = os.open(os.path.join(directory, b"output"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    with socket.socketpair()[0] as stdin, subprocess.Popen(
        [*prefix, "/usr/bin/python3", __file__, "answer"], stdin=stdin, stdout=output, stderr=subprocess.PIPE,
        env=ENVIRONMENT, cwd=directory,
    ) as process:
        given = {"0": os.fstat(stdin.fileno()).st_ino, "1": os.fstat(output).st_ino, "2": os.fstat(process.stderr.fileno()).st_ino}
        errors = process.stderr.read().decode()
    os.close(output)
    if not wait_until(lambda: os.path.exists(answer), ANSWER_S):
        raise RuntimeError(f"no answer of {prefix}: exit {process.returncode}: {errors}")
    with open(answer) as file:
        found = json.load(file)
    os.remove(answer)
    return {**found, "given": given, "code": process.returncode, "stderr": errors}


def main(prefixes):
    become_unusual()
    directory = os.path.join(os.fsencode(tempfile.mkdtemp()), b"new\nline caf\xe9")
    os.mkdir(directory)
    print(json.dumps([answer_of(prefix, directory) for prefix in prefixes]))


if len(sys.argv) > 1:
    found = probe()
    with open(".new", "w") as file:
        json.dump(found, file)
    os.rename(".new", sys.argv[1])
else:
    main(json.load(sys.stdin))
