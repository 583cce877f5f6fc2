"""Kills corral at the steps that it reads, then lets one sweep come, and tells what that left.

Reads {"corral", "crashing": binaries, "base": directory for stores, "cases": [{"key", "step", "victim", "passes", "backend",
"movedDeadline", "signalsLate"}]}; prints what became of each, the sweeps, and what is left of all jobs.

All jobs that no sweep of their own is about, and that wait in no queue, share one store for each backend, and one sweep.
"""
import json
import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from job_state import kill_guard, left_of, rows, wait_until

WIDTH = 8
WAIT_S = 60
GRACE = "300ms"
# Where the first signal must be seen to come once, and no later than the job can write so.
LONG_GRACE = "1s"
# Endings of others that are later than this are taken up though a supervisor lives (decide.ts, HANG_MARGIN_MS).
HANG_MS = 60_000
TIMEOUT = "2s"
# Survives TERM and notes each, leaves its session, and has a cgroup of its own below the job's.
TREE = r"""trap '' TERM
below=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)/below
mkdir "$below"
sleep 1000 &
setsid sleep 1000 &
(echo 0 >"$below/cgroup.procs"; : >"$0-below"; exec sleep 1000) &
trap 'echo >>"$0-term"' TERM
until test -e "$0-below"; do sleep 0.01; done
: >"$0"
while :; do sleep 1000 & wait; done"""
OWNER = ["--status-command", "sed 's/$/ COMPLETED/'", "--strikes", "1"]

request = json.load(sys.stdin)
CONFIG = ["--config", f"{request['base']}/pools.toml"]


class Case:
    def __init__(self, facts):
        vars(self).update(facts)
        self.sweeps = self.victim.startswith("sweep")
        # In a store with others, any of them may start a job that is queued, before its own process comes to it.
        self.is_alone = self.sweeps or self.victim.endswith((" in a pool", " queued job"))
        own = self.key if self.is_alone else self.backend
        self.store = f"{request['base']}/{own}"
        self.mark = f"{request['base']}/ran-{self.key}"
        self.starts = 0
        self.caller_code = None
        self.tree = None
        self.spared = None
        self.supervisor = None
        self.said = ""

    def start(self, binary, words, crash_at=None):
        """Its words go to a file of their own: what outlives it would hold a pipe open."""
        step = {"CORRAL_TEST_CRASH": crash_at[0], "CORRAL_TEST_CRASH_PASSES": str(crash_at[1])} if crash_at else {}
        self.starts += 1
        file = f"{request['base']}/stderr-{self.starts}-{self.key}"
        with open(file, "w") as errors:
            process = subprocess.Popen([request[binary], "--state-dir", self.store, *words], env={**os.environ, **step},
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
                                       start_new_session=True, cwd="/")
        process.said = lambda: open(file).read()
        return process

    def run(self, binary="corral", crash_at=None, options=(), before=()):
        grace = LONG_GRACE if self.signalsLate else GRACE
        words = ["--backend", self.backend, "--grace", grace, "--ref", self.key, *options]
        return self.start(binary, [*before, "run", *words, "--", "sh", "-c", TREE, self.mark], crash_at)

    @property
    def ran(self):
        return os.path.exists(self.mark)

    def ready(self, process):
        """The command runs, with the whole tree; False when the process is gone before."""
        wait_until(lambda: self.ran or process.poll() is not None, WAIT_S)
        return process.poll() is None and self.ran

    def row(self):
        return next((row for row in rows(f"{self.store}/corral.db").values() if row["ref"] == self.key), None)

    def move_deadline(self):
        if self.movedDeadline and self.backend == "systemd":
            moved = self.start("corral", ["set", f"ref:{self.key}", "--timeout", "1h"])
            assert moved.wait(WAIT_S) == 0, moved.said()

    def queued_run(self, crash_at=None, pool="crash"):
        """A detached job of a pool, which its time-out ends should it run."""
        binary = "crashing" if crash_at else "corral"
        return self.run(binary, crash_at, ["--detach", "--pool", pool, "--timeout", TIMEOUT], before=CONFIG)

    def orphan(self):
        """A job that runs; its supervisor is killed."""
        supervisor = self.run()
        assert self.ready(supervisor), supervisor.said()
        self.move_deadline()
        kill_guard(self.row()["id"])
        supervisor.kill()
        supervisor.wait()

    def crashed_run(self, crash_at, guarded=True):
        """The supervisor, which is told to end the job should it come so far."""
        process = self.run("crashing", crash_at)
        if self.ready(process):
            if not guarded:
                kill_guard(self.row()["id"])
            self.move_deadline()
            process.terminate()
        return process

    def crashed_adopt(self, crash_at):
        """Of a tree that was there before: does it live on once the adoption is over? It is ended afterwards, before the sweep."""
        mark = f"{self.mark}-to-adopt"
        script = "setsid sleep 1000 & : >\"$0\"; wait"
        self.tree = subprocess.Popen(["sh", "-c", script, mark], stdin=subprocess.DEVNULL, start_new_session=True)
        assert wait_until(lambda: os.path.exists(mark), WAIT_S)
        words = ["--backend", self.backend, "--grace", GRACE, "--ref", self.key, "--pid", str(self.tree.pid)]
        process = self.start("crashing", ["adopt", *words], crash_at)
        process.wait(WAIT_S)
        wait_until(lambda: (row := self.row()) is not None and row["state"] == "ended", WAIT_S)
        children = [int(pid) for pid in open(f"/proc/{self.tree.pid}/task/{self.tree.pid}/children").read().split()] \
            if self.tree.poll() is None else []
        self.spared = len(children) == 1
        for pid in [self.tree.pid, *children] if self.tree.poll() is None else []:
            os.kill(pid, signal.SIGKILL)
        self.tree.wait()
        return process

    def crash(self):
        """Kills the victim at the step. True when it died there."""
        at = (self.step, self.passes)
        if self.victim == "run":
            process = self.crashed_run(at)
        elif self.victim == "run in a pool":
            process = self.run("crashing", at, ["--pool", "crash"], before=CONFIG)
        elif self.victim == "run --detach in a pool":
            process = self.queued_run(at)
        elif self.victim == "the ending supervisor in a pool":
            return self.crashed_ending(at)
        elif self.victim == "the starter of a queued job":
            process = self.queued_run(pool="shut")
            assert process.wait(WAIT_S) == 0, process.said()
            process = self.start("crashing", [*CONFIG, "pool", "set", "shut", "--jobs", "1000"], at)
        elif self.victim == "run --detach":
            process = self.run("crashing", at, ["--detach", "--timeout", TIMEOUT])
        elif self.victim.startswith("the detached supervisor"):
            process = self.run("crashing", at, ["--detach"]) if self.victim == "the detached supervisor" else self.queued_run(at)
            self.caller_code = process.wait(WAIT_S)
            # The supervisor's stderr is a pipe to its caller, which passes on its words.
            self.said = process.said()
            return f"crash point: {self.step}" in process.said()
        elif self.victim == "the adopting supervisor":
            process = self.crashed_adopt(at)
            return f"crash point: {self.step}" in process.said()
        else:
            self.prepare()
            process = self.start("crashing", self.words(), at)
        return process.wait(WAIT_S) == -signal.SIGKILL and process.said().endswith(f"crash point: {self.step}\n")

    def prepare(self):
        """The job as the sweep or `corral kill` that will crash finds it."""
        if self.victim == "sweep of a recorded job":
            self.crashed_run(("launch: recorded", 0)).wait(WAIT_S)
        elif self.victim == "sweep of an ended job":
            self.crashed_run(("ending: recorded", 0), guarded=False).wait(WAIT_S)
        elif self.victim in ("sweep with an owner", "kill beside run"):
            self.supervisor = self.run()
            assert self.ready(self.supervisor), self.supervisor.said()
        else:
            self.orphan()

    def words(self):
        if self.victim.startswith("kill"):
            return ["kill", f"ref:{self.key}"]
        return ["sweep", "--quiet", "--on-orphan", "kill", *(OWNER if self.victim == "sweep with an owner" else [])]

    def play(self):
        self.died = self.crash()
        if self.victim == "kill beside run":
            self.let_time_pass("ending_boot_ms")
        elif self.step == "enqueue: admitted":
            self.let_time_pass("admitted_boot_ms")
        return sweep(self.store, self.words()[1:]) if self.sweeps else None

    def crashed_ending(self, crash_at):
        """Its caller has gone; the supervisor's words with it. True when it has left the job half ended."""
        caller = self.queued_run(crash_at)
        assert caller.wait(WAIT_S) == 0 and wait_until(lambda: self.ran, WAIT_S), caller.said()
        pid = self.row()["supervisor_pid"]
        kill_guard(self.row()["id"])
        os.kill(pid, signal.SIGTERM)
        return wait_until(lambda: not os.path.exists(f"/proc/{pid}"), WAIT_S) and self.row()["state"] == "ending"

    def let_time_pass(self, column):
        """An ending beside a live supervisor, and room that is not used, are left to their owner for half a minute."""
        with sqlite3.connect(f"{self.store}/corral.db", timeout=10) as database:
            database.execute(f"UPDATE jobs SET {column} = {column} - ? WHERE ref = ?", (HANG_MS, self.key))

    def record(self):
        ended = wait_until(lambda: (row := self.row()) is None or row["state"] == "ended", WAIT_S)
        if self.supervisor:
            self.supervisor.wait(WAIT_S)
        row = self.row()
        return {"key": self.key, "died": self.died, "said": self.said, "ran": self.ran, "firstSignals": self.first_signals(), "callerCode": self.caller_code, "spared": self.spared, "ended": ended,
                "row": row, "events": self.events(row["id"]) if row else []}

    def first_signals(self):
        try:
            return len(open(f"{self.mark}-term").readlines())
        except FileNotFoundError:
            return 0

    def events(self, id):
        with sqlite3.connect(f"file:{self.store}/corral.db?mode=ro", uri=True, timeout=10) as database:
            return [kind for kind, in database.execute("SELECT kind FROM events WHERE job_id = ? ORDER BY seq", (id,))]


def sweep(store, options):
    words = [request["corral"], "--state-dir", store, *CONFIG, "sweep", *options]
    done = subprocess.run(words, capture_output=True, text=True, cwd="/", stdin=subprocess.DEVNULL)
    return {"code": done.returncode, "stdout": done.stdout, "stderr": done.stderr}


def main():
    os.makedirs(request["base"])
    with open(f"{request['base']}/pools.toml", "w") as file:
        file.write("[pools.crash]\njobs = 1000\n[pools.shut]\njobs = 0\n")
    cases = [Case(facts) for facts in request["cases"]]
    shared = sorted({case.store for case in cases if not case.sweeps})
    with ThreadPoolExecutor(WIDTH) as pool:
        sweeps = [done for done in pool.map(Case.play, cases) if done]
        sweeps += pool.map(lambda store: sweep(store, ["--on-orphan", "kill"]), shared)
        records = list(pool.map(Case.record, cases))
    ids = {record["row"]["id"] for record in records if record["row"]}
    left = left_of(ids)
    again = [sweep(store, ["--on-orphan", "kill"]) for store in shared]
    print(json.dumps({"records": records, "sweeps": sweeps, "left": left, "again": again}))


main()
