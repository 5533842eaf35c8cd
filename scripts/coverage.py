"""Adds up the lines that the tests reach, a line for each crate, from the summary of llvm-cov."""

import collections
import json
import os
import sys

reached = collections.Counter()
lines = collections.Counter()
root = os.getcwd()
for file in json.load(sys.stdin)["data"][0]["files"]:
    path = os.path.relpath(file["filename"], root)
    crate = path.split("/src/")[0]
    reached[crate] += file["summary"]["lines"]["covered"]
    lines[crate] += file["summary"]["lines"]["count"]

print("| crate | lines | reached by tests |\n|---|---|---|")
for crate in sorted(lines):
    print(f"| {crate} | {lines[crate]} | {100 * reached[crate] / max(1, lines[crate]):.1f} % |")
total = sum(lines.values())
print(f"| **all** | {total} | **{100 * sum(reached.values()) / max(1, total):.1f} %** |")
