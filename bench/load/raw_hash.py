"""How many Argon2id hashes a second this interpreter's argon2-cffi computes, and nothing else.

A script of its own, without imports from here: a peer's interpreter runs it with the
peer's own library. Arguments: seconds, memory in KiB, time cost, parallelism.
"""

import json
import sys
import time

from argon2.low_level import Type, hash_secret_raw


def main() -> None:
    """Hash for the given time and print hashes a second and the core they took, as JSON."""
    seconds, (memory, passes, lanes) = float(sys.argv[1]), map(int, sys.argv[2:5])
    start, started = time.perf_counter(), time.process_time()
    count = 0
    while (elapsed := time.perf_counter() - start) < seconds:
        hash_secret_raw(
            b"correct horse battery staple",
            b"sixteen bytes of",
            time_cost=passes,
            memory_cost=memory,
            parallelism=lanes,
            hash_len=32,
            type=Type.ID,
        )
        count += 1
    own = (time.process_time() - started) / elapsed
    print(json.dumps({"rate": count / elapsed, "own": own}))


if __name__ == "__main__":
    main()
