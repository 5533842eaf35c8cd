#!/bin/sh
# Stands before rustc for our own crates only, so that the dependencies need no second build.
exec "$@" -C instrument-coverage
