"""After a reboot: other processes have the pids that a store remembers, other cgroups its paths. Lets corral loose on them.

Reads {"corral", "stateDir", "paths": {id: cgroup path}, "pids": pids of the store's jobs and supervisors}; prints JSON.
"""
import json
import os
import subprocess
import sys

from bystanders import Bystander, Watch
from job_state import rows

request = json.load(sys.stdin)
NOTES = "/tmp/corral-test-squatter"


def corral(*words):
    argv = [request["corral"], "--state-dir", request["stateDir"], *words]
    done = subprocess.run(argv, capture_output=True, text=True, cwd="/", stdin=subprocess.DEVNULL)
    return {"code": done.returncode, "stdout": done.stdout, "stderr": done.stderr}


def main():
    # A container's is read-only until somebody says otherwise.
    subprocess.run(["mount", "-o", "remount,rw,bind", "/proc/sys"], check=True)
    paths = list(request["paths"].values())
    # Each pid lives in a cgroup that some job once had: what is more than these gets further ones.
    places = paths + [f"/corral-test-squatter-{index}" for index in range(len(request["pids"]) - len(paths))]
    squatters = [Bystander(place, f"{NOTES}-{pid}", pid) for place, pid in zip(places, request["pids"])]
    watch = Watch(places)
    found = {"ps": corral("ps", "--json"), "dryRun": corral("sweep", "--dry-run", "--json"), "sweep": corral("sweep", "--json")}
    store = rows(f"{request['stateDir']}/corral.db")
    found["rows"] = {id: f"{row['state']} {row['reason']} {row['survivors']}" for id, row in store.items()}
    found["again"] = corral("sweep")
    found["kill"] = corral("kill", *request["paths"])
    found["touched"] = watch.noticed()
    found["squatters"] = [squatter.state() for squatter in squatters]
    with open(f"/sys/fs/cgroup{places[0]}/cgroup.freeze", "w") as file:
        file.write("0")
    found["sees"] = watch.noticed()
    for squatter in squatters:
        squatter.leave()
    print(json.dumps(found))


main()
