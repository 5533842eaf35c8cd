#!/usr/bin/env bash
# Runs every suite, shows what it does, and closes with one line that counts all tests.
# A suite that fails does not stop the others: the last line and the exit code tell.
# With FUZZ_SECONDS set every decoder also bears spoilt messages for so many seconds of processor time, in what time the
# suites leave to it; whatever ends that badly counts as one failure.
set -uo pipefail
cd "$(dirname "$0")/.."

logs=$(mktemp -d)
fuzz=""
end() {
  [ -z "$fuzz" ] || kill "$fuzz" 2>/dev/null
  rm -rf "$logs"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
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

# Begins to spoil messages, with the least right to the cores, and notes who does it; a program that can't be built is a failure.
begin_fuzz() {
  printf '\n== fuzz: %s s of processor time for every decoder, beside the suites\n' "$FUZZ_SECONDS"
  if ! cargo build --locked --release -p wire --example fuzz || ! cargo build --locked --release -p gateway --example fuzz-gateway; then
    failed=$((failed + 1))
    return
  fi
  # One process stands for both programs, and takes the one that runs with it when it is ended.
  # shellcheck disable=SC2016  # expanded by the inner shell
  nice -n 19 bash -c '
    trap "kill \$program" TERM
    for each in fuzz-gateway fuzz; do
      "$1/$each" --seconds "$2" --seed "$3" & program=$!
      wait "$program" || exit
    done
  ' - "${CARGO_TARGET_DIR:-target}/release/examples" "$FUZZ_SECONDS" "$(date +%s)" >"$logs/fuzz.log" 2>&1 &
  fuzz=$!
}

# Waits for its end, shows what it said, and counts whatever is no success: a finding, a crash, a signal.
end_fuzz() {
  [ -n "$fuzz" ] || return 0
  local from=$SECONDS code=0
  wait "$fuzz" || code=$?
  fuzz=""
  printf '\n== fuzz\n'
  cat "$logs/fuzz.log"
  [ "$code" = 0 ] || failed=$((failed + 1))
  printf '== fuzz: ended with %s, %s s after the suites\n' "$code" "$((SECONDS - from))"
}

[ -z "${FUZZ_SECONDS:-}" ] || begin_fuzz
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

end_fuzz
# What was left out is said once more where it is read.
grep -h '^left out: ' "$logs"/*.log || true
printf '\nAll suites took %s s.\n' "$((SECONDS - started))"
printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
