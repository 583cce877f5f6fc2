"""Random schedules of a pool: sizes, priorities, detached and not, while corral processes of any kind are killed.

room_schedules.py CORRAL BACKEND SEED prints what became of them as JSON: the most jobs that ran at once, the jobs that are not over,
the runs that hang, and whether the memory limits of running jobs were ever more than the pool's.
"""
import json
import os
import random
import shutil
import subprocess
import sys
import time

corral, backend, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
dice = random.Random(seed)
base = f"/tmp/room-schedules-{backend}-{seed}"
SLOTS, POOL_MB, JOBS, SWEEP_AFTER_S, CAP_S = 3, 1024, 18, 12, 90
SIZES_MB = [100, 300, 500, 900]

shutil.rmtree(base, ignore_errors=True)
os.makedirs(f"{base}/run")
with open(f"{base}/config.toml", "w") as file:
    file.write(f'[pools.p]\njobs = {SLOTS}\nmemory = "{POOL_MB}M"\n')
call = [corral, "--config", f"{base}/config.toml", "--state-dir", f"{base}/store"]

# A job says what it holds, and looks who else does: a zombie, whose parent was killed, holds nothing.
JOB = f"""
echo $0 >{base}/run/$$; n=0; m=0
for f in {base}/run/*; do
  if grep -q '^State:.[^ZX]' /proc/${{f##*/}}/status 2>/dev/null; then n=$((n + 1)); m=$((m + $(cat $f))); fi
done
echo "$n $m" >>{base}/seen; sleep $1; rm -f {base}/run/$$"""


def corrals():
    """Pids of the corral processes of this store: runs, supervisors, the keeper."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as words, open(f"/proc/{pid}/environ", "rb") as env:
                line = words.read()
                if line.split(b"\0")[0].endswith(b"corral") and base.encode() in line + env.read():
                    found.append(int(pid))
        except OSError:
            pass
    return found


def kill_one():
    victims = [pid for pid in corrals() if pid != os.getpid()]
    if not victims:
        return 0
    try:
        os.kill(dice.choice(victims), dice.choice([9, 9, 15]))
    except OSError:
        return 0
    return 1


killed, waiting = 0, []
for _ in range(JOBS):
    size = dice.choice(SIZES_MB)
    options = ["--backend", backend, "--pool", "p", "--best-effort", "--memory", f"{size}M", "--quiet"]
    options += ["--priority", str(dice.randint(-2, 2))]
    options += ["--timeout", dice.choice(["10s", "30s"])] if dice.random() < 0.5 else []
    command = ["--", "sh", "-c", JOB, str(size), dice.choice(["0.05", "0.3", "0.8"])]
    if dice.random() < 0.5:
        subprocess.run([*call, "run", "-d", *options, *command], capture_output=True)
    else:
        run = subprocess.Popen([*call, "run", *options, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        waiting.append(run)
    if dice.random() < 0.4:
        killed += kill_one()

start = time.monotonic()
live, swept = [], 0
while time.monotonic() - start < CAP_S:
    live = json.loads(subprocess.run([*call, "ps", "--json", "--interval", "0"], capture_output=True, text=True).stdout)
    if not live:
        break
    # A job whose supervisor and whose guard's corral were both killed is left to the next sweep.
    if time.monotonic() - start > SWEEP_AFTER_S and not swept:
        swept = 1
        subprocess.run([*call, "sweep", "--quiet", "--mine"], capture_output=True)
    time.sleep(0.2)
hanging = 0
for run in waiting:
    try:
        run.wait(20)
    except subprocess.TimeoutExpired:
        hanging += 1
        run.kill()
seen = []
if os.path.exists(f"{base}/seen"):
    with open(f"{base}/seen") as file:
        seen = [tuple(map(int, line.split())) for line in file]
print(json.dumps({
    "seed": seed,
    "killed": killed,
    "most": max((count for count, _ in seen), default=0),
    "mostMb": max((size for _, size in seen), default=0),
    "live": [(job["id"], job["state"]) for job in live],
    "hanging": hanging,
    "swept": swept,
}))
shutil.rmtree(base, ignore_errors=True)
