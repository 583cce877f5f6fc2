"""Runs escape cases under `corral run` on a test machine, as root, and looks at what each leaves behind.

Reads one JSON object (see CorpusRequest in corpus_run.ts) from stdin and prints one JSON object a case. It only
observes: what must be so is said by the tests. Cases run side by side; the last line says who is left.

Around all cases live bystanders, processes of the corpus binary that belong to no job of corral's; beside each
supervisor, in its session and process group, lives one more. Pids are only ever used with the start time.
"""
import glob
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

BYSTANDER_LIFE_S = "3600"
POLL_S = 0.01
KILL_S = 10
# systemd forgets a stopped unit in its event loop, a moment after the stop was answered.
UNIT_GONE_S = 30
# Factors of the time-out for a case that a busy machine did not let get ready.
PATIENCE = [1, 3, 9]
OUTPUT_TAIL = 4000
# The shell stays the parent of both, and of neither is it the last command, which dash would exec.
SUPERVISE = '"$0" idle --life "$1" </dev/null >/dev/null 2>&1 & echo "sibling $!" >&2; shift; "$@"; exit $?'

request = json.load(sys.stdin)


def find_cgroup_mount():
    with open("/proc/self/mountinfo") as file:
        return next(line.split()[4] for line in file if " - cgroup2 " in line)


CGROUP_MOUNT = find_cgroup_mount()


def read(path, mode="r"):
    """A file of /proc or the cgroup tree; empty once it is gone."""
    try:
        with open(path, mode, **({} if "b" in mode else {"errors": "replace"})) as file:
            return file.read()
    except OSError:
        return b"" if "b" in mode else ""


def pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def stat_fields(pid):
    """Fields of /proc/PID/stat from the third, the state, on: the second, the name, may hold anything."""
    text = read(f"/proc/{pid}/stat")
    return text[text.rindex(")") + 2:].split() if text else []


def start_ticks(pid):
    fields = stat_fields(pid)
    return fields[19] if fields else None


def cgroup_of(pid):
    lines = read(f"/proc/{pid}/cgroup").splitlines()
    return next((line[3:] for line in lines if line.startswith("0::")), "")


def kill(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass  # it was quicker


def is_corpus(pid):
    try:
        return os.readlink(f"/proc/{pid}/exe") == request["nasty"]
    except OSError:
        return False


def describe(pid):
    fields = stat_fields(pid)
    return f"pid {pid} state {fields[0] if fields else '-'} cgroup {cgroup_of(pid)} name {read(f'/proc/{pid}/comm')!r}"


class Bystander:
    """A process that no job's end may touch: not end, not stop, not freeze, not move."""

    def __init__(self, role, pid):
        self.role, self.pid = role, pid
        self.start, self.cgroup = start_ticks(pid), cgroup_of(pid)

    def harm(self):
        fields = stat_fields(self.pid)
        if not fields or fields[19] != self.start or fields[0] in "ZX":
            return f"{self.role}: ended"
        if fields[0] in "Tt":
            return f"{self.role}: stopped"
        if cgroup_of(self.pid) != self.cgroup:
            return f"{self.role}: moved to {cgroup_of(self.pid)}"
        if "frozen 1" in read(f"{CGROUP_MOUNT}{self.cgroup}/cgroup.events"):
            return f"{self.role}: frozen"
        return None

    def end(self):
        """Waits until it is gone: else it would count as a stray."""
        if not self.pid or start_ticks(self.pid) != self.start:
            return
        kill(self.pid, signal.SIGKILL)
        deadline = time.monotonic() + KILL_S
        while is_corpus(self.pid) and time.monotonic() < deadline:
            time.sleep(POLL_S)


def start_bystander(role, prefix, environment):
    argv = [*prefix, request["nasty"], "idle", "--life", BYSTANDER_LIFE_S]
    process = subprocess.Popen(argv, env={**request["env"], **environment}, stdout=subprocess.PIPE,
                               stdin=subprocess.DEVNULL, start_new_session=True, cwd="/")
    if process.stdout.readline() != b"ready\n":
        raise RuntimeError(f"no bystander: {argv}")
    return Bystander(role, process.pid)


def start_bystanders():
    return [
        start_bystander("same name and user", request["prefix"], {}),
        start_bystander("another job's marker", request["prefix"], {"CORRAL_JOB_ID": request["otherJob"]}),
        start_bystander("same name, root", [], {}),
    ]


def marked(job):
    """Living processes with the job's marker. A zombie has no environment left."""
    marker = f"CORRAL_JOB_ID={job}".encode()
    return [pid for pid in pids() if marker in read(f"/proc/{pid}/environ", "rb").split(b"\0")]


def cgroups_named(job):
    return [path for path, _, _ in os.walk(CGROUP_MOUNT) if job in os.path.basename(path)]


def units_named(job):
    listing = ["list-units", "--all", "--full", "--plain", "--no-legend", f"corral-{job}*"]
    units = []
    for argv in [[*manager, *listing] for manager in request["managers"]]:
        answer = subprocess.run(argv, capture_output=True, text=True)
        units += answer.stdout.splitlines() if answer.returncode == 0 else [f"{argv}: {answer.stderr}"]
    for directory in ["/run/systemd/transient", *glob.glob("/run/user/*/systemd/transient")]:
        units += glob.glob(f"{directory}/corral-{job}*")
    return units


def units_left(job):
    deadline = time.monotonic() + UNIT_GONE_S
    while (units := units_named(job)) and time.monotonic() < deadline:
        time.sleep(POLL_S)
    return units


def kill_job(job):
    """After a failure only: what this case left must not spoil the next."""
    for path in cgroups_named(job):
        if os.path.exists(f"{path}/cgroup.kill"):
            with open(f"{path}/cgroup.kill", "w") as file:
                file.write("1")
    deadline = time.monotonic() + KILL_S
    while (corpus := [pid for pid in marked(job) if is_corpus(pid)]) and time.monotonic() < deadline:
        for pid in corpus:
            kill(pid, signal.SIGKILL)
        time.sleep(POLL_S)


def show(job):
    argv = [*request["prefix"], *request["corral"], "show", job, "--json"]
    answer = subprocess.run(argv, env=request["env"], capture_output=True, text=True, cwd="/")
    try:
        return json.loads(answer.stdout), None
    except ValueError:
        return None, f"exit {answer.returncode}: {answer.stdout[:OUTPUT_TAIL]}{answer.stderr[:OUTPUT_TAIL]}"


class Run:
    """One case under its supervisor. Files, not pipes: a survivor may hold a pipe open for ever."""

    def __init__(self, case):
        self.case = case
        self.stdout, self.stderr = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        timeout = ["--timeout", f"{case['timeoutMs']}ms"] if case["timeoutMs"] else []
        options = [*request["options"], *timeout, *case["options"]]
        corral = [*request["corral"], "run", *options, "--", *case["argv"]]
        argv = [*request["prefix"], "/bin/sh", "-c", SUPERVISE, request["nasty"], BYSTANDER_LIFE_S, *corral]
        self.started = time.monotonic()
        self.shell = subprocess.Popen(argv, env=request["env"], stdin=subprocess.DEVNULL, stdout=self.stdout,
                                      stderr=self.stderr, start_new_session=True, cwd="/")
        self.sibling = Bystander("same process group", int(self.await_text(self.stderr, r"^sibling (\d+)$") or 0))

    def text(self, file):
        return os.pread(file.fileno(), 1 << 20, 0).decode(errors="replace")

    def find(self, file, pattern):
        found = re.search(pattern, self.text(file), re.MULTILINE)
        return found and found[1]

    def left_s(self):
        return self.started + (self.case["timeoutMs"] or 0) / 1000 + request["hangS"] - time.monotonic()

    def await_text(self, file, pattern):
        while not (found := self.find(file, pattern)) and self.left_s() > 0 and self.shell.poll() is None:
            time.sleep(POLL_S)
        return found

    def supervisor(self):
        children = read(f"/proc/{self.shell.pid}/task/{self.shell.pid}/children").split()
        return [int(pid) for pid in children if int(pid) != self.sibling.pid]

    def wait(self):
        """True when it came back by itself."""
        if self.case["interrupt"] and self.await_text(self.stdout, r"^(ready)$"):
            for pid in self.supervisor():
                kill(pid, signal.Signals[self.case["interrupt"]])
        try:
            self.shell.wait(max(self.left_s(), 0))
            return True
        except subprocess.TimeoutExpired:
            for pid in [*self.supervisor(), self.shell.pid]:
                kill(pid, signal.SIGKILL)
            self.shell.wait()
            return False

    def record(self, bystanders):
        returned = self.wait()
        wall_s = time.monotonic() - self.started
        job = self.find(self.stderr, r"^corral: job (\S+) started")
        left = self.leftovers(job) if job else {"survivors": [], "cgroups": [], "units": []}
        shown, show_error = (None, "no job") if not job or request["isSlow"] else show(job)
        # Last, for a signal may take a moment to end, stop or freeze whom it should not have met.
        harmed = [harm for harm in (one.harm() for one in [*bystanders, self.sibling]) if harm]
        self.sibling.end()
        if job and (not returned or left["survivors"] or left["cgroups"]):
            kill_job(job)
        return {
            "name": self.case["name"], "returned": returned, "wallS": round(wall_s, 2), "jobId": job,
            "exitCode": self.shell.returncode, "stdout": self.text(self.stdout)[-OUTPUT_TAIL:],
            "stderr": self.text(self.stderr)[-OUTPUT_TAIL:], **left, "harmed": harmed,
            "shown": shown, "showError": show_error,
        }

    def leftovers(self, job):
        """Processes and cgroups first: of those there must be none at the moment in which the supervisor is gone."""
        survivors = [describe(pid) for pid in marked(job)]
        cgroups = cgroups_named(job)
        units = units_left(job)
        # That of the guard never holds a process of the job. It is its unit's, and systemd takes both away once the guard has gone.
        deadline = time.monotonic() + UNIT_GONE_S
        while (left := [path for path in cgroups if "corral-guard-" not in path or os.path.isdir(path)]) and any(
            "corral-guard-" in path for path in left
        ) and time.monotonic() < deadline:
            time.sleep(POLL_S)
        return {"survivors": survivors, "cgroups": left, "units": units}


def was_too_slow(case, record):
    """Its time was up before it was set up: says nothing of corral, unless something else went wrong too."""
    wrong = not record["returned"] or any(record[key] for key in ("survivors", "cgroups", "units", "harmed"))
    return case["ready"] and case["timeoutMs"] and "ready\n" not in record["stdout"] and not wrong


def run_case(case, bystanders):
    for factor in PATIENCE:
        timeout_ms = case["timeoutMs"] and case["timeoutMs"] * factor
        record = Run({**case, "timeoutMs": timeout_ms}).record(bystanders)
        if not was_too_slow(case, record):
            break
    return record


def run_all(cases, bystanders):
    """Light and heavy cases each in a pool of their own."""
    with ThreadPoolExecutor(request["width"]) as light, ThreadPoolExecutor(request["heavyWidth"]) as heavy:
        running = [(heavy if case["heavy"] else light).submit(run_case, case, bystanders) for case in cases]
    return [case.result() for case in running]


def report():
    """What is on record of all jobs, by id, in one call; what each `corral show` says where they do not cost seconds."""
    argv = [*request["prefix"], *request["corral"], "report", "--format", "jsonl"]
    answer = subprocess.run(argv, env=request["env"], capture_output=True, text=True, cwd="/")
    if answer.returncode != 0:
        raise RuntimeError(f"no report: {answer.stderr[:OUTPUT_TAIL]}")
    return {line["id"]: line for line in map(json.loads, answer.stdout.splitlines()) if "id" in line}


def with_report(records):
    jobs = report()
    return [{**record, "shown": jobs.get(record["jobId"]), "showError": "not in the report"} for record in records]


def find_strays(bystanders):
    known = {one.pid for one in bystanders}
    strays = [pid for pid in pids() if pid not in known and is_corpus(pid)]
    return [describe(pid) for pid in strays if stat_fields(pid)[:1] not in ([], ["Z"])]


def main():
    bystanders = start_bystanders()
    try:
        records = run_all(request["cases"], bystanders)
        for record in with_report(records) if request["isSlow"] else records:
            print(json.dumps(record))
        print(json.dumps({"strays": find_strays(bystanders)}))
    finally:
        for bystander in bystanders:
            bystander.end()


main()
