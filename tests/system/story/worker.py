"""A Celery worker, as `celery worker` starts it (whose own command line takes a second to load): worker.py QUEUE PROCESSES"""
import sys

from tasks import app

queue, processes = sys.argv[1:]
app.Worker(
    hostname=f"{queue}@story",
    queues=[queue],
    pool_cls="prefork",
    concurrency=int(processes),
    loglevel="INFO",
    without_gossip=True,
    without_mingle=True,
    without_heartbeat=True,
).start()
