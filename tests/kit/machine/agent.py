"""The test harness's hands inside a machine: starts commands for it, as root, over one byte stream.

Protocol: one JSON object a line, binary data in base64, every message carries the id of its command.
  to the agent    start(argv, user, env, clearEnv, cwd, login, stdin), stdin(data), eof, kill(signal, group)
  from the agent  hello(controllers), started(pid), stdout(data), stderr(data), exit(code, signal), refused(message)

Usage: agent.py PATH, a socket to listen on (host, nspawn) or a virtio-serial port to open (vm).
"""
import base64
import json
import os
import pwd
import queue
import select
import signal
import socket
import subprocess
import sys
import threading
import time

CHUNK_BYTES = 48 * 1024
DRAIN_POLL_MS = 50
LOGIN_PID_TIMEOUT_S = 60
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
END_OF_INPUT = None

send_lock = threading.Lock()
fork_lock = threading.Lock()


def open_stream(path):
    """Gives a reader of lines and an unbuffered writer."""
    if path.startswith("/dev/"):
        port = os.open(path, os.O_RDWR)
        return os.fdopen(os.dup(port), "rb"), os.fdopen(port, "wb", buffering=0)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path + ".new")
        listener.listen(1)
        os.rename(path + ".new", path)  # whoever sees it can connect
        connection, _ = listener.accept()
    return connection.makefile("rb"), connection.makefile("wb", buffering=0)


def controllers():
    """Of the cgroup2 root, wherever it is mounted; none if it is not."""
    with open("/proc/self/mountinfo") as mounts:
        roots = [line.split()[4] for line in mounts if " - cgroup2 " in line]
    if not roots:
        return []
    with open(roots[0] + "/cgroup.controllers") as file:
        return file.read().split()


def send(id, event, **fields):
    data = memoryview(json.dumps({"id": id, "event": event, **fields}).encode() + b"\n")
    with send_lock:
        while data:
            data = data[writer.write(data):]


def set_own_oom_score(value):
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write(str(value))
    except PermissionError:
        pass  # a container of a restricted host: there, memory is not what runs out


def popen(argv, **options):
    """The agent must outlive an out-of-memory machine, its children must not: they take the score over at fork."""
    with fork_lock:
        set_own_oom_score(0)
        try:
            return subprocess.Popen(argv, start_new_session=True, **options)
        finally:
            set_own_oom_score(-900)


def environment(request, account):
    """What cron gives its children: a home, a shell, a PATH, and nothing of a session or a bus."""
    if request.get("clearEnv"):
        return request.get("env", {})
    names = {"HOME": account.pw_dir, "LOGNAME": account.pw_name, "USER": account.pw_name}
    return {**names, "SHELL": "/bin/sh", "PATH": PATH, **request.get("env", {})}


def start_plain(request, account, pipes):
    groups = os.getgrouplist(account.pw_name, account.pw_gid)
    return popen(
        request["argv"],
        env=environment(request, account),
        cwd=request.get("cwd") or account.pw_dir,
        user=account.pw_uid, group=account.pw_gid, extra_groups=groups,
        **pipes,
    )


def start_login(request, account, pipes):
    """runuser -l opens a PAM session, for which logind makes a scope, and stays as the command's parent."""
    clear = ["-i"] if request.get("clearEnv") else []
    variables = [f"{key}={value}" for key, value in request.get("env", {}).items()]
    directory = request.get("cwd") or account.pw_dir
    argv = ["runuser", "-l", "-s", "/bin/sh", "-c", 'exec env "$@"', "--", account.pw_name, "sh"]
    argv += [*clear, "-C", directory, *variables, *request["argv"]]
    return popen(argv, env={"PATH": PATH}, cwd="/", **pipes)


def pid_in_login(process):
    """The command's pid: runuser's only child. 0 if the command was over before it could be seen."""
    deadline = time.monotonic() + LOGIN_PID_TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        with open(f"/proc/{process.pid}/task/{process.pid}/children") as file:
            pids = file.read().split()
        if pids:
            return int(pids[0])
        time.sleep(0.005)
    return 0


class Command:
    def __init__(self, id):
        self.id = id
        self.pid = 0
        self.process = None
        self.input = queue.SimpleQueue()

    def run(self, request):
        try:
            self.start(request)
            self.serve()
        except Exception as error:
            send(self.id, "refused", message=f"{type(error).__name__}: {error}")
        finally:
            self.input.put(END_OF_INPUT)
            commands.pop(self.id, None)

    def start(self, request):
        account = pwd.getpwnam(request.get("user") or "root")
        stdin = subprocess.PIPE if request.get("stdin") else subprocess.DEVNULL
        pipes = {"stdin": stdin, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        if request.get("login"):
            self.process = start_login(request, account, pipes)
            self.pid = pid_in_login(self.process)
        else:
            self.process = start_plain(request, account, pipes)
            self.pid = self.process.pid

    def serve(self):
        send(self.id, "started", pid=self.pid)
        ended = threading.Event()
        pumps = [
            in_thread(self.pump, "stdout", self.process.stdout, ended),
            in_thread(self.pump, "stderr", self.process.stderr, ended),
        ]
        if self.process.stdin:
            in_thread(self.feed)
        code = self.process.wait()
        ended.set()
        for pump in pumps:
            pump.join()
        name = signal.Signals(-code).name if code < 0 else None
        send(self.id, "exit", code=128 - code if code < 0 else code, signal=name)

    def pump(self, event, pipe, ended):
        """Until end of file or, once the command has ended, until the pipe is empty: a daemon may hold it open."""
        poll = select.poll()
        poll.register(pipe, select.POLLIN)
        while True:
            over = ended.is_set()
            if poll.poll(0 if over else DRAIN_POLL_MS):
                data = os.read(pipe.fileno(), CHUNK_BYTES)
                if not data:
                    break
                send(self.id, event, data=base64.b64encode(data).decode())
            elif over:
                break
        pipe.close()

    def feed(self):
        """A command that does not read all of its input is in its right: a broken pipe ends the feeding."""
        try:
            with self.process.stdin as stdin:
                while (data := self.input.get()) is not END_OF_INPUT:
                    stdin.write(data)
                    stdin.flush()
        except BrokenPipeError:
            pass

    def kill(self, number, group):
        if self.pid and self.process.poll() is None:
            try:
                (os.killpg if group else os.kill)(self.pid, number)
            except ProcessLookupError:
                pass


def in_thread(function, *arguments):
    thread = threading.Thread(target=function, args=arguments, daemon=True)
    thread.start()
    return thread


def handle(message):
    id, kind = message["id"], message["kind"]
    if kind == "start":
        commands[id] = Command(id)
        in_thread(commands[id].run, message)
        return
    command = commands.get(id)
    if command is None:
        return  # it ended while the message was on its way
    if kind == "stdin":
        command.input.put(base64.b64decode(message["data"]))
    elif kind == "eof":
        command.input.put(END_OF_INPUT)
    elif kind == "kill":
        command.kill(signal.Signals[message["signal"]], message.get("group", False))


commands = {}
threading.stack_size(256 * 1024)
reader, writer = open_stream(sys.argv[1])
send(0, "hello", controllers=controllers())
for line in reader:
    handle(json.loads(line))
