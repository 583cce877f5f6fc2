"""Has systemd take a guard into its scope that has died and is not collected yet: argv 1 is the job. Prints the scope's state afterwards."""
import os
import subprocess
import sys

scope = f"corral-guard-{sys.argv[1]}.scope"
pid = os.fork()
if pid == 0:
    os._exit(0)
os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
MANAGER = ["org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"]
properties = ["2", "PIDs", "au", "1", str(pid), "Slice", "s", "corral.slice", "0"]
start = ["busctl", "--quiet", "call", *MANAGER, "StartTransientUnit", "ssa(sv)a(sa(sv))", scope, "fail", *properties]
subprocess.run(start, check=True)
# Answered after the job before it: the scope is there.
while subprocess.run(["systemctl", "is-active", "--quiet", scope]).returncode:
    pass
os.waitpid(pid, 0)
print(subprocess.run(["systemctl", "is-active", scope], capture_output=True, text=True).stdout)
