"""The Celery application: the same job started through corral, and the old way."""
import subprocess

from celery import Celery

import pid_file

DIRECTORY = "/run/story"
SOCKET = f"{DIRECTORY}/redis.sock"
app = Celery("story", broker=f"redis+socket://{SOCKET}", backend=f"redis+socket://{SOCKET}")
app.conf.update(
    task_track_started=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
)


def segment(way, task, hold_bytes):
    """The command line. The marker by which the processes are counted is in their environment alone."""
    program = f"{DIRECTORY}/{way}/segment.py"
    return ["env", f"STORY_TASK={task}", "python3", "-I", "-S", program, "--task", task, "--hold", str(hold_bytes)]


def corral_run(task, hold_bytes, options):
    return ["corral", "run", "--quiet", "--ref", task, *options, "--", *segment("new", task, hold_bytes)]


@app.task(bind=True)
def with_corral(self, hold_bytes, options):
    """As most would write it. An exception in this process makes subprocess.run() kill corral with SIGKILL."""
    return subprocess.run(corral_run(self.request.id, hold_bytes, options)).returncode


@app.task(bind=True)
def with_corral_told(self, hold_bytes, options):
    """An exception in this process tells corral to end the job, and waits until it has."""
    with subprocess.Popen(corral_run(self.request.id, hold_bytes, options)) as corral:
        try:
            return corral.wait()
        except BaseException:
            corral.terminate()
            raise


@app.task(bind=True)
def with_pid_file(self, hold_bytes, timeout_s):
    return pid_file.run(self.request.id, segment("old", self.request.id, hold_bytes), timeout_s)
