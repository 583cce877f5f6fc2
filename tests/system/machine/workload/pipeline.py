"""A batch job as they are: stages of a multiprocessing pool, then workers that outlive their parent, some deaf to SIGTERM.

pipeline.py MIB CPU_S complete|linger: fills MIB and burns CPU_S, each shared by four workers; then exits, or waits for ever.
"""
import multiprocessing
import os
import signal
import sys
import time

WORKERS = 4
PAGE = 4096


def fill(mib):
    """Touches every page: memory that nobody has written to is none."""
    memory = bytearray(mib << 20)
    memory[::PAGE] = b"x" * len(memory[::PAGE])
    return memory


def burn(seconds):
    total = 0
    while time.process_time() < seconds:
        total += sum(number * number for number in range(1000))
    return total


def worker(index, share_mib, share_s, filled):
    if index % 2:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if index > 1:
        os.setsid()
    memory = fill(share_mib)
    # All shares are there at the same moment, so that the peak is known.
    filled.wait()
    burn(share_s)
    filled.wait()
    while index > 1:
        time.sleep(60 + len(memory) * 0)


def main(mib, cpu_s, end):
    with multiprocessing.Pool(2) as pool:
        assert len(pool.map(burn, [0.05] * 4)) == 4
    filled = multiprocessing.Barrier(WORKERS + 1)
    share = (mib // WORKERS, cpu_s / WORKERS, filled)
    workers = [multiprocessing.Process(target=worker, args=(index, *share)) for index in range(WORKERS)]
    for process in workers:
        process.start()
    filled.wait()
    print("filled", flush=True)
    filled.wait()
    print("burned", flush=True)
    if end == "linger":
        time.sleep(3600)
    # multiprocessing would wait for its children.
    os._exit(0)


main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3])
