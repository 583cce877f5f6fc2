"""Prints what is left of the jobs whose ids it reads."""
import json
import sys

from job_state import left_of

print(json.dumps(left_of(set(json.load(sys.stdin)))))
