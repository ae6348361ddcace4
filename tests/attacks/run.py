#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: run.py WAXWING [ID...]
Forges every attack of the table, judges it with `waxwing open`, and demands the verdict that the
table wants.  Each attack brings its controls, the siblings that nobody manipulated.  An ID is that
of an attack (T-nn), or of what one message of it shows (L-nn, R-nn).
"""
import concurrent.futures
import inspect
import os
import queue
import shutil
import sys
import tempfile
import time

from case import ATTACKS, World
import encryption  # noqa: F401 - they register what they hold
import headers  # noqa: F401
import limits  # noqa: F401
import services  # noqa: F401
import signatures  # noqa: F401
import written  # noqa: F401

REQUIRED = ["T-%02d" % n for n in range(1, 40)]


def mentions(function, wanted):
    """whether it is worth forging the messages of a function, to look for one among them"""
    text = inspect.getsource(function)
    return any(i in text for i in wanted)


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
            whole = not wanted or bool(set(ids) & set(wanted))
            if not whole and not mentions(function, wanted):
                continue
            controls = 0
            for case in function(world):
                controls += case.control
                if not whole and not any(i in case.name for i in wanted):
                    continue
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
    if not made:
        failures.append("there is no test of %s" % " ".join(wanted))
    for failure in sorted(failures):
        print("FAILED: " + failure)
    print("%d messages in %.0f s" % (made, time.monotonic() - began))
    print("checks: %d" % made)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1]), sys.argv[2:]))
