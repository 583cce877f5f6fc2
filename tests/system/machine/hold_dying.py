"""Traces, from outside, the process whose pid appears in the file PATH, and never lets it finish dying.

A process that a SIGKILL has reached stops once more for its tracer (PTRACE_EVENT_EXIT) and stays until that goes on or goes away.
"""
import ctypes
import os
import signal
import sys
import time

PTRACE_SEIZE = 0x4206
PTRACE_O_TRACEEXIT = 0x40
POLL_S = 0.02

path = sys.argv[1]
while not os.path.exists(path) or not (text := open(path).read()).endswith("\n"):
    time.sleep(POLL_S)
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(PTRACE_SEIZE, int(text), None, ctypes.c_void_p(PTRACE_O_TRACEEXIT)) != 0:
    sys.exit(os.strerror(ctypes.get_errno()))
signal.pause()
