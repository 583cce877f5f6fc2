"""Runs a command on a pseudo-terminal of its own, as the foreground of a session, and does at it what it is told.

    on_terminal.py keys|nokeys COMMAND [ARG...]

Orders come as lines of JSON on stdin: {"keys": TEXT}, {"columns": N, "rows": N}, {"signal": N}, {"cooked": true}: the attributes that the
terminal had before, as a shell sets them. What happens goes as lines of JSON to stdout: {"output": TEXT} as the terminal is written to,
{"pid": N} once, and at the end {"exitCode": N or -SIGNAL, "restored": whether the attributes are those from before, "raw": whether they
were ever others}.
"""

import codecs
import fcntl
import json
import os
import select
import struct
import subprocess
import sys
import termios

COLUMNS, ROWS = 80, 24
LOOK_S = 0.02


def tell(**event):
    print(json.dumps(event), flush=True)


def resize(fd, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def own_terminal():
    fcntl.ioctl(1, termios.TIOCSCTTY, 0)


def main(stdin, argv):
    master, slave = os.openpty()
    resize(master, COLUMNS, ROWS)
    before = termios.tcgetattr(slave)
    child = subprocess.Popen(
        argv,
        stdin=slave if stdin == "keys" else subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=own_terminal,
    )
    tell(pid=child.pid)
    was_raw = False
    decoder = codecs.getincrementaldecoder("utf-8")()
    orders = b""
    watched = [master, 0]
    while True:
        has_ended = child.poll() is not None
        ready, _, _ = select.select(watched, [], [], 0 if has_ended else LOOK_S)
        was_raw = was_raw or termios.tcgetattr(slave) != before
        if master in ready:
            tell(output=decoder.decode(os.read(master, 65536)))
        elif has_ended:
            break
        if 0 in ready:
            chunk = os.read(0, 65536)
            if not chunk:
                child.kill()
                watched.remove(0)
            orders += chunk
            *lines, orders = orders.split(b"\n")
            for line in lines:
                obey(json.loads(line), child, (master, slave, before))
    tell(exitCode=child.returncode, restored=termios.tcgetattr(slave) == before, raw=was_raw)


def obey(order, child, terminal):
    master, slave, before = terminal
    if "keys" in order:
        os.write(master, order["keys"].encode())
    elif "columns" in order:
        # The kernel sends SIGWINCH to the foreground of the terminal.
        resize(master, order["columns"], order["rows"])
    elif "cooked" in order:
        termios.tcsetattr(slave, termios.TCSANOW, before)
    else:
        os.kill(child.pid, order["signal"])


main(sys.argv[1], sys.argv[2:])
