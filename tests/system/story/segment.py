"""A job as hard to end as those it stands for: all of it ignores SIGTERM and holds memory, and most of it leaves group and session.

Usage: segment.py --task ID --hold BYTES. Six processes: this one and a child; a daemon of the same command line (setsid, forked twice)
and a child of it; a helper with a command line of its own, in a session of its own, and a child of it.
"""
import os
import signal
import sys
import time

SIZE = 6


def hold_for_ever():
    ballast = b"x" * int(sys.argv[-1])
    while ballast:
        time.sleep(1000)


def forked(act):
    if os.fork() == 0:
        act()
        os._exit(0)


def doubled():
    forked(hold_for_ever)
    hold_for_ever()


def daemon(act):
    """As daemon(3) does it: the process between ends, and what goes on has neither parent nor group of the job's."""
    os.setsid()
    forked(act)


def become_helper():
    program = f"{os.path.dirname(sys.argv[0])}/helper.py"
    os.execv(sys.executable, [sys.executable, "-I", "-S", program, sys.argv[-1]])


def main():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.path.basename(sys.argv[0]) == "helper.py":
        doubled()
    forked(hold_for_ever)
    forked(lambda: daemon(doubled))
    forked(lambda: daemon(become_helper))
    hold_for_ever()


if __name__ == "__main__":
    main()
