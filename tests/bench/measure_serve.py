"""The measuring half of the benchmark of `corral serve` beside live jobs, inside the machine: measure_serve.py OPTIONS prints JSON. The jobs are
real, a process and a cgroup each; their supervisor is this program. OPTIONS: corral, live, pages, restS, churnS, churnPerS.
"""
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time

from job_rows import LiveJob, insert, job_id, spec

STORE = "/dev/shm/corral-bench-serve"
SOCKET = f"{STORE}/run/serve.sock"
options = json.loads(sys.argv[1])
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_s(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mb(pid, name):
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name)) * 1024 / 1e6


# RFC 6455: an empty pong with a mask. A page that gives no sign of life is closed within a minute or two.
PONG = b"\x8a\x80\0\0\0\0"
PONG_EVERY_S = 10


class Page:
    """Reads all it is sent, and counts it; lives on for as long as it is measured."""

    def __init__(self, token):
        self.bytes = 0
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.connect(SOCKET)
        head = ["GET /api/feed HTTP/1.1", "Host: localhost", "Origin: http://localhost", f"Authorization: Bearer {token}",
                "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", ""]
        self.connection.sendall("\r\n".join(head).encode())
        threading.Thread(target=self.read, daemon=True).start()
        threading.Thread(target=self.live, daemon=True).start()

    def live(self):
        while True:
            time.sleep(PONG_EVERY_S)
            self.connection.sendall(PONG)

    def read(self):
        while piece := self.connection.recv(65536):
            self.bytes += len(piece)


def measured(server, seconds, act=lambda: None):
    cpu, start, more = cpu_s(server.pid), time.monotonic(), []
    while (passed := time.monotonic() - start) < seconds:
        act()
        more.append(memory_mb(server.pid, "Pss:"))
        time.sleep(max(0, 1 - (time.monotonic() - start - passed)))
    return {"percent": (cpu_s(server.pid) - cpu) / (time.monotonic() - start) * 100, "firstMb": more[0], "halfMb": more[len(more) // 2], "lastMb": more[-1]}


class Churn:
    """Jobs that begin and end, as rows: each round ends the ones of the round before."""

    def __init__(self, database, live):
        self.database, self.next, self.template = database, 1_000_000, live.row()

    def round(self):
        now = time.time_ns() // 1_000_000
        with self.database:
            self.database.execute("UPDATE jobs SET state = 'ended', reason = 'exited', trigger_reason = 'exited', exit_code = 0, ended_at_ms = ? "
                                  "WHERE name = 'churn' AND state = 'running'", (now,))
        rows = [{**self.template, **spec(job_id(self.next + i), now), "name": "churn", "state": "running"} for i in range(options["churnPerS"])]
        self.next += len(rows)
        insert(self.database, rows)


def main():
    shutil.rmtree(STORE, ignore_errors=True)
    subprocess.run([options["corral"], "--state-dir", STORE, "sweep", "--quiet"], check=True)
    database = sqlite3.connect(f"{STORE}/corral.db", timeout=60)
    jobs = [LiveJob(job_id(index)) for index in range(options["live"])]
    server = None
    try:
        insert(database, (job.row() for job in jobs))
        server = subprocess.Popen([options["corral"], "--state-dir", STORE, "serve", "--socket", SOCKET, "--no-sweep"], stdout=subprocess.DEVNULL)
        while not os.path.exists(f"{SOCKET}.token"):
            time.sleep(0.05)
        with open(f"{SOCKET}.token") as file:
            token = file.read().strip()
        pages = [Page(token) for _ in range(options["pages"])]
        time.sleep(10)
        rest = measured(server, options["restS"])
        churn = Churn(database, jobs[0])
        churning = measured(server, options["churnS"], churn.round)
        print(json.dumps({"rest": rest, "churn": churning, "bytesPerPage": [page.bytes for page in pages]}))
    finally:
        if server is not None:
            server.terminate()
            server.wait()
        for job in jobs:
            job.end()
        shutil.rmtree(STORE)


main()
