"""Feeds a simulated fleet to `corral report --from -` and prints exit code, output and peak memory as JSON. argv: nodes, rows each, a row as a template, then corral and its words."""

import json
import os
import subprocess
import sys
import tempfile

nodes, rows, template, *corral = sys.argv[1:]
fleet = os.path.join(os.path.dirname(os.path.abspath(__file__)), "simulated_fleet.py")
with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
    source = subprocess.Popen([sys.executable, fleet, nodes, rows, template], stdout=subprocess.PIPE)
    merging = subprocess.Popen(corral, stdin=source.stdout, stdout=out, stderr=err)
    source.stdout.close()
    _, status, usage = os.wait4(merging.pid, 0)
    source.wait()
    out.seek(0)
    err.seek(0)
    print(
        json.dumps(
            {
                "code": os.waitstatus_to_exitcode(status),
                "stdout": out.read().decode(),
                "stderr": err.read().decode(),
                "peakKib": usage.ru_maxrss,
            }
        )
    )
