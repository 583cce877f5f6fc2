"""A FUSE file system on DIRECTORY with one file, `mute`, that can be opened, but a read of it is never answered, and one directory, `below`.

Who reads it waits in the kernel, and once it is killed it waits uninterruptibly: until this process goes away.
Protocol: struct fuse_in_header and fuse_out_header of linux/fuse.h, version 7.31.
"""
import ctypes
import os
import stat
import struct
import sys

LOOKUP, GETATTR, OPEN, READ, INIT = 1, 3, 14, 15, 26
ROOT, MUTE, BELOW = 1, 2, 3
ENOSYS, ENOENT = 38, 2
BUFFER_BYTES = 1 << 20


def attributes(node):
    mode, size = (stat.S_IFDIR | 0o755, 0) if node in (ROOT, BELOW) else (stat.S_IFREG | 0o444, 4096)
    return struct.pack("<6Q10I", node, size, 0, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def answer(opcode, node, body):
    """The reply's error number and its body; None for no reply at all."""
    if opcode == INIT:
        return 0, struct.pack("<IIIIHHIIHHI7I", 7, 31, 0, 0, 1, 1, BUFFER_BYTES - 4096, 1, 0, 0, 0, *[0] * 7)
    if opcode == GETATTR:
        return 0, struct.pack("<QII", 60, 0, 0) + attributes(node)
    if opcode == LOOKUP and body.rstrip(b"\0") == b"mute":
        return 0, struct.pack("<QQQQII", MUTE, 0, 60, 60, 0, 0) + attributes(MUTE)
    if opcode == LOOKUP and body.rstrip(b"\0") == b"below":
        # Good for no time at all: whoever goes through it asks again.
        return 0, struct.pack("<QQQQII", BELOW, 0, 0, 0, 0, 0) + attributes(BELOW)
    if opcode == LOOKUP:
        return ENOENT, b""
    if opcode == OPEN:
        return 0, struct.pack("<QII", 0, 0, 0)
    return None if opcode == READ else (ENOSYS, b"")


def serve(device):
    while True:
        request = os.read(device, BUFFER_BYTES)
        _, opcode, unique, node = struct.unpack_from("<IIQQ", request)
        reply = answer(opcode, node, request[40:])
        if reply is not None:
            error, body = reply
            os.write(device, struct.pack("<IiQ", 16 + len(body), -error, unique) + body)


def main(directory):
    os.makedirs(directory, exist_ok=True)
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40755,user_id=0,group_id=0,allow_other".encode()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"corral-test", directory.encode(), b"fuse", 0, options) != 0:
        sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")
    print("mounted", flush=True)
    serve(device)


main(sys.argv[1])
