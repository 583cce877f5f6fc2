"""Launches a job several times and reads every process's command line meanwhile, as any user can: prints the names in which the secret was seen."""
import json
import os
import subprocess
import sys

from job_state import pids, read

request = json.load(sys.stdin)
secret = request["secret"].encode()
own = {os.getpid()}
given = b"".join(word.encode() + b"\0" for word in request["argv"])


def is_given(words):
    """The caller's own --env is in the command line of the process that it started, and nowhere else; while that is exec'ed, a reader can get less."""
    return given.startswith(words) or words.startswith(given)


def look():
    for pid in pids():
        words = read(f"/proc/{pid}/cmdline")
        if pid not in own and secret in words and not is_given(words):
            yield words.replace(b"\0", b" ").decode(errors="replace")[:200]


seen = set()
for _ in range(request["times"]):
    process = subprocess.Popen(request["argv"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while process.poll() is None:
        seen.update(look())
    assert process.returncode == 0, process.stderr.read()
print(json.dumps(sorted(seen)))
