#!/usr/bin/env bash
# Installs what the tests need from Debian's packages, when it may; otherwise says exactly what to install.
set -euo pipefail

# program or file : Debian package : what for
needs="
/usr/bin/chromium:chromium:the page's tests
firefox-esr:firefox-esr:Web Push in a real browser
dbus-daemon:dbus:the radio's tests
/usr/bin/faketime:faketime:the tests in which days go by
unshare:util-linux:the edge box on a full disk and without a resolver
mosquitto:mosquitto:the gateway's tests with a broker of another make
systemd-nspawn:systemd-container:the life of the packages under a systemd of their own
lintian:lintian:the packages' own faults
man:man-db:the packages' manuals
curl:curl:the packages' programs at work
git:git:the tests of the tree
python3:python3:the scorer of positions
"

# Node is not taken from Debian 12: its 18 is too old to build the page.
node_major=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/' || true)
if [ "${node_major:-0}" -lt 20 ]; then
  echo "Node 20 or newer was not found: the page's tests and those with Segment's SDK are left out."
fi

missing=""
reasons=""
while IFS=: read -r program package reason; do
  [ -n "$program" ] || continue
  if ! command -v "$program" >/dev/null 2>&1 && [ ! -x "/usr/sbin/$program" ]; then
    missing="$missing $package"
    reasons="$reasons  $package: $reason"$'\n'
  fi
done <<<"$needs"
if ! compgen -G "/usr/lib/*/faketime/libfaketimeMT.so.1" >/dev/null; then
  missing="$missing libfaketime"
  reasons="$reasons  libfaketime: the tests in which a box's clock is wrong"$'\n'
fi
if ! command -v initdb >/dev/null 2>&1 && ! compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null; then
  missing="$missing postgresql"
  reasons="$reasons  postgresql: the stories on PostgreSQL"$'\n'
fi
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
  as_root=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
  as_root="sudo"
else
  printf 'The tests need these Debian packages:\n%s' "$reasons"
  printf 'Install them with:\n  sudo apt-get install --no-install-recommends%s\n' "$missing"
  exit 1
fi

printf 'Installing for the tests:\n%s' "$reasons"
$as_root apt-get update -qq
# shellcheck disable=SC2086  # a list of package names
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing
