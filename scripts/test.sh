#!/usr/bin/env bash
# Runs every suite, shows what it does, and closes with one line that counts all tests.
# A suite that fails does not stop the others: the last line and the exit code tell.
set -uo pipefail
cd "$(dirname "$0")/.."

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
passed=0
failed=0
started=$SECONDS

# run NAME COMMAND...: shows the suite's own output and counts its tests; a suite that breaks counts as one failure.
run() {
  local name=$1
  shift
  printf '\n== %s\n' "$name"
  local from=$SECONDS
  "$@" 2>&1 | tee "$logs/$name.log"
  local code=${PIPESTATUS[0]}
  local counts
  counts=$(awk -f scripts/count.awk "$logs/$name.log")
  local ok=${counts% *} bad=${counts#* }
  if [ "$code" != 0 ] && [ "$bad" = 0 ]; then
    bad=1
  fi
  if [ "$code" = 0 ] && [ "$ok" = 0 ]; then
    echo "$name: ran no test"
    bad=1
  fi
  passed=$((passed + ok))
  failed=$((failed + bad))
  printf '== %s: %s passed, %s failed, %s s\n' "$name" "$ok" "$bad" "$((SECONDS - from))"
}

scripts/web.sh || failed=$((failed + 1))
node_major=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/' || true)
has_node() { [ "${node_major:-0}" -ge 20 ]; }
if has_node; then run page bash -c 'cd server/web && npm test'; fi
# Tests that start programs find them in target/: the same packages with the same features, so nothing is built twice.
cargo build --locked --workspace || exit 1
run rust cargo test --locked --workspace --no-fail-fast
run package tests/package/run.sh target/debug
if has_node; then
  run browser bash -c 'cd tests/browser && npm ci --no-audit --no-fund && npm test'
else
  printf '\nLeft out: the page and the browser, for want of Node 20.\n'
fi

printf '\nAll suites took %s s.\n' "$((SECONDS - started))"
printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
