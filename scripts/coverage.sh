#!/usr/bin/env bash
# Runs the Rust tests with counters in our own crates and reports the lines they reach, folder by folder.
set -euo pipefail
cd "$(dirname "$0")/.."

llvm=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
profdata=$(command -v "llvm-profdata-$llvm" || true)
cov=$(command -v "llvm-cov-$llvm" || true)
if [ -z "$profdata" ] || [ -z "$cov" ]; then
  if [ "$(id -u)" = 0 ]; then
    apt-get update -qq && apt-get install -y -qq --no-install-recommends "llvm-$llvm"
    profdata=$(command -v "llvm-profdata-$llvm")
    cov=$(command -v "llvm-cov-$llvm")
  else
    echo "Coverage needs the tools of LLVM $llvm: sudo apt-get install llvm-$llvm"
    exit 1
  fi
fi

out=target/coverage
rm -rf "$out" && mkdir -p "$out"
export RUSTC_WORKSPACE_WRAPPER=$PWD/scripts/rustc-coverage.py
export LLVM_PROFILE_FILE=$PWD/$out/%p-%8m.profraw
cargo build --locked --workspace
cargo test --locked --workspace --no-fail-fast --no-run --message-format=json 2>/dev/null |
  python3 -c 'import json,sys
for line in sys.stdin:
    message = json.loads(line)
    if message.get("profile", {}).get("test") and message.get("executable"):
        print(message["executable"])' >"$out/tests"
cargo test --locked --workspace --no-fail-fast || echo "Some tests failed: the figures below are too low."

"$profdata" merge -sparse "$out"/*.profraw -o "$out/all.profdata"
objects=()
while read -r test; do objects+=(-object "$test"); done <"$out/tests"
for program in attimo-server attimo-gateway attimo-sim; do objects+=(-object "target/debug/$program"); done
"$cov" export -summary-only -instr-profile "$out/all.profdata" -ignore-filename-regex '(registry|rustc|/tests/|tests\.rs$)' "${objects[@]}" |
  python3 scripts/coverage.py
