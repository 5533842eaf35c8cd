#!/usr/bin/env python3
"""Stands before rustc for our own crates only, so that the dependencies need no second build.

Not a shell script: dash drops environment variables whose names hold a hyphen, and cargo passes such ones.
"""

import os
import sys

os.execv(sys.argv[1], [*sys.argv[1:], "-C", "instrument-coverage"])
