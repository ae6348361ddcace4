#!/usr/bin/env python3
"""Counts test cases in a Meson test log.

usage: count-tests.py testlog.json...
Prints "PASSED FAILED SKIPPED".  A cmocka program counts as many cases as it
reports; any other program counts as one, or as the N of its
line "checks: N".
"""
import json
import re
import sys


def count(entry):
    """(passed, failed, skipped) of one test program."""
    text = entry.get("stdout", "") + entry.get("stderr", "")
    ok = entry["result"] in ("OK", "EXPECTEDFAIL")
    ran = re.search(r"\[=+\] (?:\S+: )?(\d+) test\(s\) run", text)
    made = re.search(r"^checks: (\d+)$", text, re.M)
    if not ran:
        if entry["result"] == "SKIP":
            return 0, 0, 1
        return (int(made[1]) if made else 1, 0, 0) if ok else (0, 1, 0)

    def total(word):
        return sum(int(n) for n in re.findall(r"\[ +%s +\] (?:\S+: )?(\d+) test\(s\)" % word, text))

    passed, failed, skipped = total("PASSED"), total("FAILED"), total("SKIPPED")
    if not ok and failed == 0:
        failed = 1
    return passed, failed, skipped


def main(paths):
    """Sums all logs and names the programs that failed on standard error."""
    sums = [0, 0, 0]
    for path in paths:
        with open(path, encoding="utf-8") as log:
            for line in log:
                entry = json.loads(line)
                one = count(entry)
                sums = [a + b for a, b in zip(sums, one)]
                if one[1]:
                    print("failed: %s (%s)" % (entry["name"], entry["result"]), file=sys.stderr)
                    tail = (entry.get("stdout", "") + entry.get("stderr", "")).splitlines()[-40:]
                    print("\n".join("  | " + row for row in tail), file=sys.stderr)
    print(*sums)


main(sys.argv[1:])
