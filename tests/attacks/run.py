#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: run.py WAXWING [T-nn...]
Forges every attack of the table, judges it with `waxwing open`, and demands the verdict that the
table wants.  Each attack brings its controls, the siblings that nobody manipulated.
"""
import concurrent.futures
import os
import queue
import re
import shutil
import sys
import tempfile
import time

from case import ATTACKS, World
import encryption  # noqa: F401 - they register what they hold
import headers  # noqa: F401
import limits  # noqa: F401
import signatures  # noqa: F401

REQUIRED = ["T-%02d" % n for n in range(1, 40)]


def main(waxwing, wanted):
    began = time.monotonic()
    scratch = tempfile.mkdtemp(prefix="attacks-")
    rooms = queue.Queue()
    workers = os.cpu_count() or 2
    for n in range(workers):
        rooms.put(tempfile.mkdtemp(prefix="attack-", dir=scratch))
    world, failures, made = World(scratch), [], 0

    def one(label, case):
        room = rooms.get()
        try:
            return label, case.run(waxwing, world, room)
        except Exception as error:  # a case that cannot be judged has failed
            return label, [repr(error)]
        finally:
            rooms.put(room)
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        waiting = set()
        for ids, name, function in ATTACKS:
            if wanted and not set(ids) & set(wanted):
                continue
            controls = 0
            for case in function(world):
                controls += case.control
                made += 1
                waiting.add(pool.submit(one, "%s %s, %s" % (" ".join(ids), name, case.name), case))
            if not controls:
                failures.append("%s %s has no control" % (" ".join(ids), name))
        for done in concurrent.futures.as_completed(waiting):
            label, faults = done.result()
            if faults:
                failures.append("%s\n    %s" % (label, "\n    ".join(faults)))
    shutil.rmtree(scratch, ignore_errors=True)
    missing = [i for i in REQUIRED if not wanted and not any(i in ids for ids, _, _ in ATTACKS)]
    failures += ["%s has no test" % i for i in missing]
    unknown = [i for i in wanted if not any(i in ids for ids, _, _ in ATTACKS)]
    failures += ["there is no test of %s" % i for i in unknown]
    for failure in sorted(failures):
        print("FAILED: " + re.sub(r"\n", "\n", failure))
    print("%d messages in %.0f s" % (made, time.monotonic() - began))
    print("checks: %d" % made)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1]), sys.argv[2:]))
