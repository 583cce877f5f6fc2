"""Replays the story that corral comes from: jobs of Celery tasks whose owner dies, gives them up or forgets them, and two sweeps.

Reads {"cases": [{"case", "variant", "options": of corral run}], "ways", "holdBytes", "timeoutS": at least, "waitS", "pollS"}. Each case
is one job through corral and, unless "ways" leaves it out, one of the old way (pid_file.py). Prints JSON: of each job how many of its
processes live after each act, and how its record ends.
"""
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time

import redis

from job_state import left_of, pids, read, rows
from segment import SIZE
from tasks import DIRECTORY, SOCKET, app, with_corral, with_corral_told, with_pid_file

STATE_DIR = f"{DIRECTORY}/state"
STORE = f"{STATE_DIR}/corral.db"
STATUS_COMMAND = f"python3 {DIRECTORY}/status.py"
CORRAL = ["corral", "--state-dir", STATE_DIR, "--config", f"{DIRECTORY}/config.toml"]
CONFIG = f"""
status-command = "{STATUS_COMMAND}"
finished-statuses = ["success", "failure", "revoked"]
"""
NEW, OLD = "corral", "PID file"

request = json.load(sys.stdin)
results = redis.Redis(unix_socket_path=SOCKET)


class Job:
    """One task of Celery's and the processes of its job."""

    def __init__(self, way, case, time_limit_s=None):
        self.way, self.case, self.variant = way, case["case"], case["variant"]
        self.alive, self.held_bytes = [], []
        self.id = self.send(case["options"], time_limit_s).id

    def send(self, options, time_limit_s):
        """The time limit is corral's (or the old way's own) or Celery's, of which the task then tells corral."""
        hold, is_soft = request["holdBytes"], "soft" in self.variant
        how = {"queue": "doomed" if self.case == "worker" else "main"}
        if is_soft:
            how["soft_time_limit"] = time_limit_s
        own_limit_s = None if is_soft else time_limit_s
        if self.way == OLD:
            return with_pid_file.apply_async((hold, own_limit_s), **how)
        if own_limit_s is not None:
            options = ["--timeout", f"{round(own_limit_s * 1000)}ms", *options]
        task = with_corral_told if is_soft else with_corral
        return task.apply_async((hold, options), **how)

    def result(self):
        return json.loads(results.get(f"celery-task-meta-{self.id}") or "{}")

    def status(self):
        return self.result().get("status")

    def row(self):
        return next((row for row in rows(STORE).values() if row["ref"] == self.id), None)

    def has_ended(self):
        return self.row()["state"] == "ended"

    def pid_file(self):
        return f"{DIRECTORY}/pids/{self.id}"


def members():
    """{task: pids} of all processes that carry the marker."""
    found = {}
    for pid in pids():
        for variable in read(f"/proc/{pid}/environ").split(b"\0"):
            if variable.startswith(b"STORY_TASK="):
                found.setdefault(variable.partition(b"=")[2].decode(), []).append(pid)
    return found


def anonymous_bytes(pid):
    lines = read(f"/proc/{pid}/smaps_rollup").decode().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss_Anon:"))


def available_bytes():
    lines = read("/proc/meminfo").decode().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))


def count(jobs):
    found = members()
    for job in jobs:
        mine = found.get(job.id, [])
        job.alive.append(len(mine))
        job.held_bytes.append(sum(map(anonymous_bytes, mine)))


def must(what, condition):
    """Looks at intervals: a look reads half of /proc, and takes the machine from what is waited for."""
    deadline = time.monotonic() + request["waitS"]
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited in vain until {what}")
        time.sleep(request["pollS"])


def start_owner():
    """Redis, the application's database, a worker that stays and one that will be killed."""
    for directory in ("pids", "state"):
        os.makedirs(f"{DIRECTORY}/{directory}", exist_ok=True)
    with open(f"{DIRECTORY}/config.toml", "w") as file:
        file.write(CONFIG)
    with sqlite3.connect(f"{DIRECTORY}/tasks.db") as database:
        database.execute("CREATE TABLE tasks (id TEXT PRIMARY KEY, status TEXT)")
    server = in_background("redis", "redis-server", "--port", "0", "--unixsocket", SOCKET, "--save", "")
    doomed = sum(case["case"] == "worker" for case in request["cases"])
    sizes = {"main": len(request["cases"]) - doomed, "doomed": doomed}
    workers = [
        in_background(name, "python3", "worker.py", name, str(size * len(request["ways"])))
        for name, size in sizes.items()
    ]
    for name in ("main", "doomed"):
        must(f"the worker {name} is ready", lambda: b"ready." in read(f"{DIRECTORY}/{name}.log"))
    return server, *workers


def in_background(name, *argv):
    with open(f"{DIRECTORY}/{name}.log", "w") as log:
        return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=DIRECTORY, start_new_session=True)


def start_jobs():
    """Those with a time limit last, as none may end before all of it is there: they get twice what the others took in proportion."""
    timed = [case for case in request["cases"] if case["case"] == "timeout"]
    others = [case for case in request["cases"] if case not in timed]
    began = time.monotonic()
    jobs = [Job(way, case) for case in others for way in request["ways"]]
    must("all jobs run", lambda: all_whole(jobs))
    limit_s = max(request["timeoutS"], 2 * (time.monotonic() - began) * len(timed) / len(others))
    timed_jobs = [Job(way, case, limit_s) for case in timed for way in request["ways"]]
    must("the jobs with a time limit run", lambda: all_whole(timed_jobs))
    return jobs + timed_jobs


def all_whole(jobs):
    found = members()
    return all(len(found.get(job.id, [])) == SIZE and job.status() == "STARTED" for job in jobs)


def end_owners(jobs, doomed):
    """What happens to the owners of all jobs but those with a time limit; these are over when this returns."""
    for job in chosen(jobs, "child"):
        os.kill(job.result()["result"]["pid"], signal.SIGKILL)
    doomed.kill()
    doomed.wait()
    for job in chosen(jobs, "revoke"):
        app.control.revoke(job.id, terminate=True, signal=job.variant.split(",")[0])
    with sqlite3.connect(f"{DIRECTORY}/tasks.db") as database:
        for job in chosen(jobs, "cancelled"):
            if "application" in job.variant:
                database.execute("INSERT INTO tasks VALUES (?, 'cancelled')", (job.id,))
            else:
                app.backend.mark_as_revoked(job.id, "cancelled in the web front end")
    must("Celery has noticed", lambda: all(map(is_noticed, jobs)))
    must("corral has ended what it ends by itself", lambda: all(map(Job.has_ended, ended_by_corral_run(jobs))))
    must("the old way has ended what it ends by itself", lambda: not any(map(is_being_ended, jobs)))


def chosen(jobs, *cases):
    return [job for job in jobs if job.case in cases]


def is_noticed(job):
    expected = {"child": {"FAILURE"}, "revoke": {"REVOKED"}, "timeout": {"SUCCESS", "FAILURE"}}.get(job.case)
    return expected is None or job.status() in expected


def ended_by_corral_run(jobs):
    mine = [job for job in jobs if job.way == NEW and job.case != "lives"]
    return [job for job in mine if job.case == "timeout" or "--with-parent" in job.variant]


def is_being_ended(job):
    """The task of the old way has run into its `finally`: a SIGKILL of its process would not let it."""
    ends = job.case == "timeout" or job.variant == "SIGTERM"
    return job.way == OLD and ends and os.path.exists(job.pid_file())


def sweep():
    """Of corral, and the scan that was the old way's."""
    done = subprocess.run([*CORRAL, "sweep", "--quiet"], capture_output=True, text=True)
    told = {"code": done.returncode, "lines": done.stdout.splitlines(), "stderr": done.stderr}
    if OLD in request["ways"]:
        scan = ["python3", f"{DIRECTORY}/pid_file.py", STATUS_COMMAND]
        told["stderr"] += subprocess.run(scan, capture_output=True, text=True).stderr
    return told


def facts_of(job):
    facts = {"way": job.way, "case": job.case, "variant": job.variant, "status": job.status()}
    facts |= {"alive": job.alive, "heldBytes": job.held_bytes}
    if job.way == NEW:
        row = job.row()
        facts |= {"id": row["id"], "state": row["state"], "reason": row["reason"], "actor": actor_of_end(row["id"])}
    return facts


def actor_of_end(id):
    with sqlite3.connect(f"file:{STORE}?mode=ro", uri=True) as database:
        query = "SELECT actor FROM events WHERE job_id = ? AND kind = 'ending'"
        return next((actor for (actor,) in database.execute(query, (id,))), None)


def clean_up(jobs, processes):
    subprocess.run([*CORRAL, "kill", "--all", "--yes", "--now"], capture_output=True)
    for process in processes:
        process.kill()
        process.wait()
    for mine in members().values():
        for pid in mine:
            os.kill(pid, signal.SIGKILL)
    return left_of({job.row()["id"] for job in jobs if job.way == NEW})


def main():
    server, worker, doomed = start_owner()
    jobs = start_jobs()
    count(jobs)
    available = [available_bytes()]
    end_owners(jobs, doomed)
    count(jobs)
    sweeps = []
    for _ in range(2):
        sweeps.append(sweep())
        count(jobs)
    available.append(available_bytes())
    found = {"size": SIZE, "jobs": list(map(facts_of, jobs)), "sweeps": sweeps, "availableBytes": available}
    found["left"] = clean_up(jobs, (worker, server))
    print(json.dumps(found))


main()
