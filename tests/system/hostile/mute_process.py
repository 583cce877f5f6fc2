"""Makes its own command line and environment lie in the memory of FILE, not yet read from it: who reads /proc/PID/cmdline waits for that file system.

Usage: mute_process.py FILE READY, as root.
"""
import ctypes
import mmap
import os
import sys
import time

PR_SET_MM, ARG_START, ARG_END, ENV_START, ENV_END = 35, 8, 9, 10, 11
PAGE_BYTES = 4096

with open(sys.argv[1], "wb") as file:
    file.write(b"mute\0" * PAGE_BYTES)
fd = os.open(sys.argv[1], os.O_RDONLY)
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
address = libc.mmap(None, 4 * PAGE_BYTES, mmap.PROT_READ, mmap.MAP_PRIVATE, fd, 0)
os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
for option, offset in ((ARG_END, PAGE_BYTES), (ARG_START, 0), (ENV_END, 3 * PAGE_BYTES), (ENV_START, 2 * PAGE_BYTES),
                       (ARG_END, PAGE_BYTES), (ARG_START, 0)):
    libc.prctl(PR_SET_MM, ctypes.c_ulong(option), ctypes.c_ulong(address + offset), ctypes.c_ulong(0), ctypes.c_ulong(0))
open(sys.argv[2], "w").close()
time.sleep(1000)
