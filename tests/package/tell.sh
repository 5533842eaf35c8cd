# Shared by the checks of the packages: says what each found, and counts.
# shellcheck shell=bash
passed=0
failed=0
found=$(mktemp)

not_ok() { # WHAT FILE: with what was seen
  failed=$((failed + 1))
  echo "not ok: $1"
  sed 's/^/    /' "$2"
}

check() { # WHAT COMMAND...: what the command prints is shown when it fails
  local what=$1
  shift
  if "$@" >"$found" 2>&1; then
    passed=$((passed + 1))
    echo "ok: $what"
  else
    not_ok "$what" "$found"
  fi
}

# For want of a tool or of root. It fails where nobody allowed that: what is left out unseen is taken for passed.
left_out() { # WHAT FIX
  if [ "${ATTIMO_TESTS_MAY_LEAVE_OUT:-}" = 1 ]; then
    echo "left out: $1: $2"
  else
    echo "$2, or set ATTIMO_TESTS_MAY_LEAVE_OUT=1 to leave it out" >"$found"
    not_ok "$1" "$found"
  fi
}

end() {
  rm -f "$found"
  echo "# pass $passed"
  echo "# fail $failed"
  [ "$failed" = 0 ]
}
