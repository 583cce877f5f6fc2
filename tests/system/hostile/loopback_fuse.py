"""A FUSE file system on MOUNT that shows the directory BACKING: stopped (SIGSTOP) it never answers, continued it answers what it was asked.

As a home on a file server that goes away and comes back. Protocol: linux/fuse.h, version 7.31. Nothing is cached, so each access asks.
Usage: loopback_fuse.py MOUNT BACKING
"""
import ctypes
import os
import stat
import struct
import sys

BUFFER_BYTES = 1 << 20
HEADER = struct.Struct("<IIQQIII4x")
ROOT = 1
ENOENT, ENOSYS = 2, 38
NO_REPLY = {2, 36, 42}  # FORGET, INTERRUPT, BATCH_FORGET
SET_MODE, SET_UID, SET_GID, SET_SIZE, SET_ATIME, SET_MTIME, SET_FH, SET_ATIME_NOW, SET_MTIME_NOW = (1 << bit for bit in range(9))

paths = {ROOT: sys.argv[2]}
nodes = {sys.argv[2]: ROOT}
listings = {}


def node_of(path):
    if path not in nodes:
        nodes[path] = max(paths) + 1
        paths[nodes[path]] = path
    return nodes[path]


def below(node, name):
    return os.path.join(paths[node], os.fsdecode(name.split(b"\0")[0]))


def attributes(status):
    times = [int(status.st_atime), int(status.st_mtime), int(status.st_ctime)]
    nanoseconds = [status.st_atime_ns % 10**9, status.st_mtime_ns % 10**9, status.st_ctime_ns % 10**9]
    return struct.pack("<6Q10I", status.st_ino, status.st_size, status.st_blocks, *times, *nanoseconds, status.st_mode,
                       status.st_nlink, status.st_uid, status.st_gid, status.st_rdev, 4096, 0)


def entry(path):
    return struct.pack("<QQQQII", node_of(path), 0, 0, 0, 0, 0) + attributes(os.lstat(path))


def attr_out(status):
    return struct.pack("<QII", 0, 0, 0) + attributes(status)


def open_out(fd, flags=0):
    return struct.pack("<QII", fd, flags, 0)


def made(path, caller):
    os.lchown(path, *caller)
    return entry(path)


def getattr_(node, body, caller):
    flags, _, fd = struct.unpack_from("<IIQ", body)
    return attr_out(os.fstat(fd) if flags & 1 else os.lstat(paths[node]))


def setattr_(node, body, caller):
    valid, _, fd, size, _, atime, mtime, _, atime_ns, mtime_ns, _, mode, _, uid, gid, _ = \
        struct.unpack_from("<IIQQQQQQIIIIIIII", body)
    path = paths[node]
    target = fd if valid & SET_FH else path
    if valid & SET_MODE:
        os.chmod(path, stat.S_IMODE(mode))
    if valid & (SET_UID | SET_GID):
        os.lchown(path, uid if valid & SET_UID else -1, gid if valid & SET_GID else -1)
    if valid & SET_SIZE:
        os.truncate(target, size)
    if valid & (SET_ATIME | SET_MTIME) and not valid & (SET_ATIME_NOW | SET_MTIME_NOW):
        os.utime(target, ns=(atime * 10**9 + atime_ns, mtime * 10**9 + mtime_ns))
    return attr_out(os.fstat(fd) if valid & SET_FH else os.lstat(path))


def symlink(node, body, caller):
    name, target = body.split(b"\0")[:2]
    os.symlink(target, below(node, name))
    return made(below(node, name), caller)


def mknod(node, body, caller):
    mode, device, umask, _ = struct.unpack_from("<IIII", body)
    path = below(node, body[16:])
    os.mknod(path, mode & ~umask, device)
    return made(path, caller)


def mkdir(node, body, caller):
    mode, umask = struct.unpack_from("<II", body)
    path = below(node, body[8:])
    os.mkdir(path)
    os.chmod(path, mode & ~umask)
    return made(path, caller)


def renamed(node, target_node, names):
    old, new = names.split(b"\0")[:2]
    source, target = below(node, old), below(target_node, new)
    os.rename(source, target)
    for path in [path for path in nodes if path == source or path.startswith(source + "/")]:
        number = nodes.pop(path)
        moved = target + path[len(source):]
        paths[number], nodes[moved] = moved, number
    return b""


def rename(node, body, caller):
    return renamed(node, struct.unpack_from("<Q", body)[0], body[8:])


def rename2(node, body, caller):
    return renamed(node, struct.unpack_from("<Q", body)[0], body[16:])


def link(node, body, caller):
    target = below(node, body[8:])
    os.link(paths[struct.unpack_from("<Q", body)[0]], target)
    return entry(target)


def removed(path):
    """The node keeps its number for those that have it open; the name is free."""
    nodes.pop(path, None)
    return b""


def unlink(node, body, caller):
    os.unlink(below(node, body))
    return removed(below(node, body))


def rmdir(node, body, caller):
    os.rmdir(below(node, body))
    return removed(below(node, body))


def open_(node, body, caller):
    flags, _ = struct.unpack_from("<II", body)
    # The kernel itself appends at the end; a write must not do so again.
    return open_out(os.open(paths[node], flags & ~(os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW)))


def create(node, body, caller):
    flags, mode, umask, _ = struct.unpack_from("<IIII", body)
    path = below(node, body[16:])
    fd = os.open(path, (flags & ~os.O_APPEND) | os.O_CREAT, mode & ~umask)
    os.fchmod(fd, stat.S_IMODE(mode & ~umask))
    return made(path, caller) + open_out(fd)


def read(node, body, caller):
    fd, offset, size = struct.unpack_from("<QQI", body)
    return os.pread(fd, size, offset)


def write(node, body, caller):
    fd, offset, size = struct.unpack_from("<QQI", body)
    return struct.pack("<II", os.pwrite(fd, body[40:40 + size], offset), 0)


def statfs(node, body, caller):
    found = os.statvfs(paths[node])
    return struct.pack("<5Q4I24x", found.f_blocks, found.f_bfree, found.f_bavail, found.f_files, found.f_ffree, 4096, 255, 4096, 0)


def release(node, body, caller):
    os.close(struct.unpack_from("<Q", body)[0])
    return b""


def fsync(node, body, caller):
    os.fsync(struct.unpack_from("<Q", body)[0])
    return b""


def opendir(node, body, caller):
    listings[node] = [".", "..", *sorted(os.listdir(paths[node]))]
    return open_out(0)


def readdir(node, body, caller):
    _, offset, size = struct.unpack_from("<QQI", body)
    entries = b""
    for index, name in enumerate(listings.get(node, [])[offset:], offset + 1):
        data = os.fsencode(name)
        one = struct.pack("<QQII", index, index, len(data), 0) + data
        one += b"\0" * (-len(one) % 8)
        if len(entries) + len(one) > size:
            break
        entries += one
    return entries


def init(node, body, caller):
    return struct.pack("<IIIIHHIIHHI7I", 7, 31, 0, 0, 16, 12, BUFFER_BYTES - 4096, 1, 0, 0, 0, *[0] * 7)


def nothing(node, body, caller):
    return b""


# No FLUSH (25): the kernel waits for it at each close, also of a process that was killed, and no signal ends that wait. NFS has none.
ACTS = {
    1: lambda node, body, caller: entry(below(node, body)), 3: getattr_, 4: setattr_,
    5: lambda node, body, caller: os.fsencode(os.readlink(paths[node])), 6: symlink, 8: mknod, 9: mkdir, 10: unlink, 11: rmdir,
    12: rename, 13: link, 14: open_, 15: read, 16: write, 17: statfs, 18: release, 20: fsync, 26: init, 27: opendir,
    28: readdir, 29: nothing, 30: nothing, 35: create, 38: nothing, 45: rename2,
}


def serve(device):
    while True:
        request = os.read(device, BUFFER_BYTES)
        _, opcode, unique, node, uid, gid, _ = HEADER.unpack_from(request)
        if opcode in NO_REPLY:
            continue
        try:
            error, reply = 0, ACTS[opcode](node, request[HEADER.size:], (uid, gid))
        except KeyError:
            error, reply = (ENOENT if opcode in ACTS else ENOSYS), b""
        except OSError as failure:
            error, reply = failure.errno, b""
        try:
            os.write(device, struct.pack("<IiQ", 16 + len(reply), -error, unique) + reply)
        except FileNotFoundError:
            pass  # the process that asked was killed meanwhile


def main(mount, backing):
    os.makedirs(mount, exist_ok=True)
    if not os.path.exists("/dev/fuse"):
        os.mknod("/dev/fuse", 0o666 | stat.S_IFCHR, os.makedev(10, 229))
    os.umask(0)
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40755,user_id=0,group_id=0,allow_other,default_permissions".encode()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"corral-test", mount.encode(), b"fuse", 0, options) != 0:
        sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")
    serve(device)


main(*sys.argv[1:3])
