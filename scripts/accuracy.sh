#!/usr/bin/env bash
# Measures positions on the recordings in all configurations, beside what others do, and writes the tables into docs/accuracy.md.
# It takes some minutes. RECORDINGS names the folder with tetam, flat, mall and uji_library.
set -euo pipefail
cd "$(dirname "$0")/.."

data=${RECORDINGS:-$PWD/../shared/data/positions}
if [ ! -d "$data/tetam/dev" ]; then
  echo "The recordings are not in $data: nothing to measure. Name their folder with RECORDINGS=DIR."
  exit 0
fi
cargo build --locked --release -p server --bin attimo-server
target/release/attimo-server evaluate report --data "$data" --out docs/accuracy.md "$@"
