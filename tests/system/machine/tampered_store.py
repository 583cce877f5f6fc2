"""Tampers with the rows of orphans, lets `corral sweep`, `ps` and `kill --all` loose on them, and tells what happened around.

Reads {"corral", "base": directory for stores, "backend"}; prints JSON. Three bystanders are each in a cgroup that a row will name:
somebody's own, a job's of another store, a job's of alice's.
"""
import glob
import json
import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from bystanders import Bystander, Watch
from job_state import CGROUP_MOUNT, kill_guard, left_of, read, rows, wait_until

WAIT_S = 30
WIDTH = 4
ALICE = ["setpriv", "--reuid=alice", "--regid=alice", "--init-groups", "env", "HOME=/home/alice"]
STUBBORN = ["sh", "-c", "trap '' TERM; : >$0-$CORRAL_JOB_ID; setsid sleep 1000 & while :; do sleep 1000; done"]
request = json.load(sys.stdin)
store = f"{request['base']}/corral.db"
VICTIM = f"/corral-test-victim-{request['backend']}"


def corral(*words, state_dir=request["base"], prefix=()):
    argv = [*prefix, request["corral"], "--state-dir", state_dir, *words]
    done = subprocess.run(argv, capture_output=True, text=True, cwd="/", stdin=subprocess.DEVNULL)
    return {"code": done.returncode, "stdout": done.stdout, "stderr": done.stderr}


def start(state_dir, prefix=(), backend=request["backend"]):
    mark = f"{state_dir}/runs"
    words = ["run", "--detach", "--backend", backend, "--grace", "100ms", "--", *STUBBORN, mark]
    id = corral(*words, state_dir=state_dir, prefix=prefix)["stdout"].strip()
    # The id is told a moment before the command runs: a supervisor that is killed by then never lets it.
    assert wait_until(lambda: os.path.exists(f"{mark}-{id}"), WAIT_S)
    return id


def orphan():
    id = start(request["base"])
    kill_guard(id)
    os.kill(rows(store)[id]["supervisor_pid"], signal.SIGKILL)
    return id


def start_ticks(pid):
    return int(read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[19])


def inode(path):
    return os.stat(CGROUP_MOUNT + path).st_ino


def tamperings(victim_pid, others):
    """What each row is made to say: name of the case to assignments. Those that are called damaged are no jobs any more."""
    at = lambda path: f"cgroup_path = '{path}', cgroup_inode = {inode(path)}"
    as_pid = lambda column, pid: f"{column} = {pid}, {column}_start_ticks = {start_ticks(pid)}"
    return {
        "nothing": "name = name",
        "path /": at("/"),
        "path of somebody's": at(VICTIM),
        "path of another job's": at(others[0]),
        "path of alice's job": at(others[1]),
        "path with ..": f"cgroup_path = '/corral/..{VICTIM}', cgroup_inode = {inode(VICTIM)}",
        "path with a slash at its end": "cgroup_path = cgroup_path || '/'",
        "path without a slash": "cgroup_path = substr(cgroup_path, 2)",
        "path of nothing": "cgroup_path = '/nothing'",
        "inode": "cgroup_inode = cgroup_inode + 1",
        "inode beyond all numbers": f"cgroup_inode = {2**62}",
        "pid 1": as_pid("pid", 1),
        "pid of somebody's": f"{as_pid('pid', victim_pid)}, pgid = {victim_pid}",
        "supervisor 1": as_pid("supervisor", 1).replace("supervisor =", "supervisor_pid ="),
        "boot": "boot_id = 'another'",
        "damaged argv": "argv = '['",
        "damaged limits": "limits = '[]'",
        "damaged signal": "first_signal = 'NONE'",
        "damaged pid": "pid_start_ticks = NULL",
        "damaged state": "state = 'sleeping'",
    }


def tamper(ids, assignments):
    with sqlite3.connect(store, timeout=10) as database:
        database.execute("PRAGMA ignore_check_constraints = 1")
        for id, (name, assignment) in zip(ids, assignments.items()):
            database.execute(f"UPDATE jobs SET {assignment}, ref = ? WHERE id = ?", (name, id))


def restore(before):
    """Only what was tampered with; what has ended stays so."""
    columns = ["cgroup_path", "cgroup_inode", "pid", "pid_start_ticks", "pgid", "supervisor_pid", "supervisor_start_ticks",
               "argv", "limits", "first_signal", "boot_id"]
    with sqlite3.connect(store, timeout=10) as database:
        for id, row in before.items():
            database.execute(f"UPDATE jobs SET {', '.join(f'{column} = ?' for column in columns)} WHERE id = ?",
                             (*(row[column] for column in columns), id))
        database.execute("UPDATE jobs SET state = 'running' WHERE state = 'sleeping'")


def is_populated(row):
    return b"populated 1" in read(f"{CGROUP_MOUNT}{row['cgroup_path']}/cgroup.events")


def main():
    os.makedirs(request["base"], mode=0o755)
    victim = Bystander(VICTIM, f"{request['base']}/victim")
    other_dir, alice_dir = f"{request['base']}-other", f"{request['base']}-alice"
    subprocess.run(["install", "-d", "-o", "alice", alice_dir], check=True)
    others = [start(other_dir), start(alice_dir, ALICE, "systemd")]
    other_rows = [rows(f"{other_dir}/corral.db")[others[0]], rows(glob.glob(f"{alice_dir}/*.db")[0])[others[1]]]
    other_paths = [row["cgroup_path"] for row in other_rows]
    assignments = tamperings(victim.pid, other_paths)
    with ThreadPoolExecutor(WIDTH) as pool:
        ids = list(pool.map(lambda _: orphan(), assignments))
    before = rows(store)
    watch = Watch([VICTIM, *other_paths])
    tamper(ids, assignments)
    found = {"ids": dict(zip(assignments, ids)), "ps": corral("ps", "--json"), "sweep": corral("sweep", "--json")}
    found["aliveAfterSweep"] = [name for name, id in found["ids"].items() if is_populated(before[id])]
    found["show"] = {name: corral("show", id) for name, id in found["ids"].items()}
    found["kill"] = corral("kill", "--all", "--yes")
    found["aliveAfterKill"] = [name for name, id in found["ids"].items() if is_populated(before[id])]
    found["touched"] = watch.noticed()
    found["victim"] = victim.state()
    found["othersAlive"] = [is_populated(row) for row in other_rows]
    # The eye on them does see.
    with open(f"{CGROUP_MOUNT}{VICTIM}/cgroup.freeze", "w") as file:
        file.write("0")
    found["sees"] = watch.noticed()
    restore(before)
    found["restored"] = corral("sweep")
    found["again"] = corral("sweep", "--json")
    found["states"] = sorted({row["state"] for row in rows(store).values()})
    for state_dir, prefix in ((other_dir, ()), (alice_dir, ALICE)):
        corral("kill", "--all", "--yes", "--now", state_dir=state_dir, prefix=prefix)
    victim.leave()
    found["left"] = left_of({*ids, *others})
    print(json.dumps(found))


main()
