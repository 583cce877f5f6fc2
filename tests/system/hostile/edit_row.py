"""Changes the row of one job: reads {"store": directory, "id", "assignments"}. Triggers and checks of the store stay in force."""
import glob
import json
import sqlite3
import sys

request = json.load(sys.stdin)
changed = 0
for path in glob.glob(f"{request['store']}/*.db"):
    with sqlite3.connect(path, timeout=10) as database:
        changed += database.execute(f"UPDATE jobs SET {request['assignments']} WHERE id = ?", (request["id"],)).rowcount
assert changed == 1, changed
print(json.dumps(changed))
