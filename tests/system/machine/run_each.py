"""Runs each command that it reads to its end and prints what came of it. A few at a time, nothing on standard input.

A command may have "hide" (a shell script that spoils the mounts of a mount namespace of its own first) and "user".
"""
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

AT_ONCE = 4
LIMIT_S = 300
IN_OWN_MOUNTS = ["unshare", "--mount", "--propagation=private", "/bin/sh", "-ec", 'eval "$0"; exec "$@"']


def run(command):
    argv = command["argv"]
    if user := command.get("user"):
        argv = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "env", f"HOME=/home/{user}", *argv]
    if hide := command.get("hide"):
        argv = [*IN_OWN_MOUNTS, hide, *argv]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, cwd="/", timeout=LIMIT_S)
    return {"code": done.returncode, "stdout": done.stdout.decode(), "stderr": done.stderr.decode()}


with ThreadPoolExecutor(AT_ONCE) as pool:
    print(json.dumps(list(pool.map(run, json.load(sys.stdin)))))
