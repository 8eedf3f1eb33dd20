#!/usr/bin/env python3
"""Counts and compares; reads cargo's messages from standard input to find the program."""

import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

BASELINE = pathlib.Path(__file__).resolve().parent / "baseline.json"
# Over the baseline by more than this, and the guard fails.
ALLOWED_PERCENT = 25
# Two lengths of run: the difference holds the cases alone, without the start of the program.
SHORT, LONG = 200, 1200


def program():
    found = None
    for line in sys.stdin:
        message = json.loads(line)
        if message.get("reason") == "compiler-artifact" and message["target"]["name"] == "odoo-mcp-guard":
            found = message["executable"]
    if not found:
        sys.exit("cargo did not say where the program is")
    return found


def instructions(path, case, times):
    command = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    run = subprocess.run([*command, path, case, str(times)], capture_output=True, text=True, check=False)
    counted = re.search(r"I\s+refs:\s+([\d,]+)", run.stderr)
    if run.returncode != 0 or not counted:
        sys.exit(f"{case} did not run:\n{run.stderr}")
    return int(counted.group(1).replace(",", ""))


def main():
    path = program()
    cases = subprocess.run([path], capture_output=True, text=True, check=True).stdout.split()
    jobs = [(case, times) for case in cases for times in (SHORT, LONG)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        counts = dict(zip(jobs, pool.map(lambda job: instructions(path, *job), jobs)))
    found = {case: (counts[case, LONG] - counts[case, SHORT]) // (LONG - SHORT) for case in cases}
    stored = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}

    failed = False
    print(f"{'case':<20} {'stored':>10} {'counted':>10} {'change':>8}")
    for case, count in found.items():
        before = stored.get(case)
        change = 100 * (count - before) / before if before else None
        bad = before is None or change > ALLOWED_PERCENT
        failed |= bad
        shown = "new" if change is None else f"{change:+.1f} %"
        print(f"{case:<20} {before or '-':>10} {count:>10} {shown:>8}{'  FAILED' if bad else ''}")
    for case in stored.keys() - found.keys():
        print(f"{case:<20} {stored[case]:>10} {'-':>10}     gone  FAILED")
        failed = True

    if "--update" in sys.argv[1:]:
        BASELINE.write_text(json.dumps(found, indent=2) + "\n")
        print(f"written: {BASELINE.name}")
    elif failed:
        sys.exit(f"more than {ALLOWED_PERCENT} % over the baseline, or a case that it does not have; "
                 "if that is meant: tests/guard/run --update")


main()
