"""Prints the store whose path it reads as one file in base64, with the states of some of its rows changed: {"store", "states"}.

`states` maps an id to `starting`, `ending` or `unkillable`, as its supervisor could have left it when the node went down.
"""
import base64
import json
import os
import sqlite3
import sys
import tempfile

SURVIVOR = [{"pid": 1, "name": "x", "state": "D", "wchan": None, "because": "waits"}]
CHANGES = {
    "starting": "state = 'starting', pid = NULL, cgroup_path = NULL",
    "ending": "state = 'ending', reason = 'timeout', ending_at_ms = created_at_ms, ending_boot_ms = started_boot_ms",
    "unkillable": "state = 'ended', reason = 'unkillable', trigger_reason = 'timeout', ended_at_ms = created_at_ms, "
                  f"survivors = '{json.dumps(SURVIVOR)}'",
}
request = json.load(sys.stdin)

with tempfile.TemporaryDirectory() as directory:
    path = os.path.join(directory, "copy.db")
    with sqlite3.connect(request["store"], timeout=10) as store, sqlite3.connect(path) as copy:
        store.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
        for id, state in request["states"].items():
            copy.execute(f"UPDATE jobs SET {CHANGES[state]} WHERE id = ?", (id,))
    copy.close()
    with open(path, "rb") as file:
        print(json.dumps(base64.b64encode(file.read()).decode()))
