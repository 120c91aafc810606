#!/usr/bin/env python3
"""Counts tests in JUnit files: prints "PASSED FAILED SKIPPED" over all files named."""

import sys
import xml.etree.ElementTree as tree


def count(path: str) -> tuple[int, int, int]:
    passed = failed = skipped = 0
    for case in tree.parse(path).getroot().iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def main() -> None:
    totals = [0, 0, 0]
    for path in sys.argv[1:]:
        try:
            numbers = count(path)
        except (OSError, tree.ParseError):
            continue
        totals = [total + number for total, number in zip(totals, numbers)]
    print(*totals)


main()
