#!/usr/bin/env bash
# The Debian packages as a person gets them: built, looked into, and installed, upgraded, removed and purged by the real
# dpkg under a real systemd, which runs in namespaces of its own over a copy of this machine that is thrown away.
#
#   tests/package/run.sh [FOLDER WITH THE PROGRAMS]      (default: target/debug)
#
# Namespaces need root and systemd-container, the linter is lintian. Without them it fails and says what to install, or with
# ATTIMO_TESTS_MAY_LEAVE_OUT=1 says what was left out and goes on.
set -uo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
programs=${1:-target/debug}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# shellcheck source=tests/package/tell.sh
. tests/package/tell.sh

build() { deploy/deb/build.sh "$1" "$programs/$1" "$2" --fast >"$work/build.log" 2>&1 || { cat "$work/build.log"; return 1; }; }

package_of() { echo "$work/debs/${1}_"*.deb; }

contents_are_as_listed() {
  dpkg-deb -c "$(package_of "$1")" | awk '$1 !~ /^d/ || $6 ~ /secrets/ { print $1, $2, $6 }' >"$work/$1.contents"
  diff -u "tests/package/$1.contents" "$work/$1.contents"
}

conffiles_are() { [ "$(dpkg-deb -I "$(package_of "$1")" conffiles)" = "/etc/attimo/${1#attimo-}.toml" ]; }

same_bytes_when_built_again() {
  build "$1" "$work/again" && cmp "$(package_of "$1")" "$work/again/${1}_"*.deb
}

manual_reads_well() {
  dpkg-deb -x "$(package_of "$1")" "$work/x-$1"
  local page
  page=$(man --warnings -l "$work/x-$1/usr/share/man/man1/$1.1.gz" 2>"$work/man.log") || return 1
  [ ! -s "$work/man.log" ] || { cat "$work/man.log"; return 1; }
  echo "$page"
  grep -q '^CONFIG$' <<<"$page" && grep -q -- '--config <FILE>' <<<"$page" && grep -q "/etc/attimo/${1#attimo-}.toml" <<<"$page"
}

completion_offers_what_help_lists() {
  local bin=$work/x-$1/usr/bin
  offered() { # WORDS...: what is offered for the last one
    PATH="$bin:$PATH" bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); "_${1//-/_}"; echo "${COMPREPLY[@]}"' \
      - "$work/x-$1/usr/share/bash-completion/completions/$1" "$@"
  }
  [[ " $(offered "$1" d) " == *" doctor "* ]] && [[ " $(offered "$1" config c) " == *" check "* ]] &&
    [[ " $(offered "$1" --conf) " == *" --config "* ]]
}

linter_is_content() { lintian --allow-root --fail-on error,warning "$(package_of "$1")"; }

# Exposure as systemd itself reckons it: 0 is best, 10 is worst.
exposure_is_at_most() {
  local said
  said=$(systemd-analyze security --offline=true --no-pager "deploy/systemd/$1.service") || return 1
  said=$(sed -n 's/.*exposure level for .*: \([0-9.]*\) .*/\1/p' <<<"$said")
  echo "exposure of $1: $said"
  awk -v said="$said" -v most="$2" 'BEGIN { exit !(said != "" && said <= most) }'
}

too_large_a_program_is_refused() {
  ! deploy/deb/build.sh attimo-gateway "$programs/attimo-gateway" "$work/large" --fast --most 1000 2>"$work/large.log" &&
    grep -q 'may have 1000' "$work/large.log" && [ ! -e "$work/large" ]
}

for program in attimo-gateway attimo-server; do
  check "$program: the package is built" build "$program" "$work/debs"
  check "$program: it holds what is listed, with these modes, and nothing else" contents_are_as_listed "$program"
  check "$program: the configuration alone is the admin's" conffiles_are "$program"
  check "$program: built again it is the same to the byte" same_bytes_when_built_again "$program"
  check "$program: exposure is at most 2.5" exposure_is_at_most "$program" 2.5
  if command -v man >/dev/null; then
    check "$program: the manual reads without a warning" manual_reads_well "$program"
  else
    left_out "$program: the manual reads without a warning" "apt-get install man-db"
    dpkg-deb -x "$(package_of "$program")" "$work/x-$program"
  fi
  check "$program: completion offers what --help lists" completion_offers_what_help_lists "$program"
  if command -v lintian >/dev/null; then
    check "$program: lintian tells no error and no warning" linter_is_content "$program"
  else
    left_out "$program: lintian tells no error and no warning" "apt-get install lintian"
  fi
done
check "a program above its size is refused" too_large_a_program_is_refused

# An upgrade: the next version, whose configuration has one line more.
next_version() {
  dpkg-deb -R "$(package_of "$1")" "$work/next"
  sed -i 's/^Version: .*/&+next/' "$work/next/DEBIAN/control"
  echo "# Of the next version." >>"$work/next/etc/attimo/${1#attimo-}.toml"
  mkdir -p "$work/next-debs"
  dpkg-deb --root-owner-group -Zgzip -z1 -b "$work/next" "$work/next-debs/$1.deb" >/dev/null && rm -rf "$work/next"
}

# Boots systemd over a copy of this machine's files that lives in memory, and has it run inside.sh as a unit.
boot() {
  local top=$work/top told=$work/told
  mkdir -p "$top" "$told"
  cp "$work/debs/"*.deb "$told/" && for one in gateway server; do cp "$work/next-debs/attimo-$one.deb" "$told/next-$one.deb"; done
  cp tests/package/inside.sh tests/package/tell.sh "$told/"
  local own=()
  # Without a systemd here there is nobody to register with.
  [ -d /run/systemd/system ] || own=(--register=no --keep-unit)
  # shellcheck disable=SC2016  # expanded by the inner shell
  timeout -k 10 600 unshare -m --propagation private bash -c '
    set -e
    top=$1 told=$2; shift 2
    mount -t tmpfs -o mode=0755 top "$top"
    mkdir "$top/up" "$top/work" "$top/all"
    mount -t overlay over -o "lowerdir=/,upperdir=$top/up,workdir=$top/work" "$top/all"
    # The services of this machine stay out of it.
    : >"$top/all/etc/machine-id"
    : >"$top/all/etc/fstab"
    # Machines that build often forbid packages to start anything; those in shops do not.
    rm -f "$top/all/usr/sbin/policy-rc.d"
    rm -rf "$top"/all/etc/systemd/system/*.wants "$top"/all/etc/rc[0-9S].d "$top/all/etc/attimo" "$top"/all/var/lib/attimo-*
    cat >"$top/all/etc/systemd/system/package-test.service" <<UNIT
[Unit]
SuccessAction=exit-force
FailureAction=exit-force
[Service]
Type=oneshot
ExecStart=/bin/bash /told/inside.sh
StandardOutput=append:/told/said
StandardError=append:/told/said
UNIT
    mkdir -p "$top/all/etc/systemd/system/basic.target.wants"
    ln -s ../package-test.service "$top/all/etc/systemd/system/basic.target.wants/"
    exec systemd-nspawn --quiet --directory="$top/all" --machine=package-test --private-network --console=pipe \
      --bind="$told:/told" "$@" /lib/systemd/systemd systemd.unit=basic.target
  ' - "$top" "$told" "${own[@]}" </dev/null >"$work/boot.log" 2>&1
}

if [ "$(id -u)" != 0 ]; then
  left_out "install, upgrade, remove and purge" "run it as root (sudo $0)"
elif ! command -v systemd-nspawn >/dev/null || ! command -v mosquitto >/dev/null; then
  left_out "install, upgrade, remove and purge" "apt-get install systemd-container mosquitto"
elif next_version attimo-gateway && next_version attimo-server; then
  boot
  cat "$work/told/said" 2>/dev/null
  if [ -f "$work/told/counts" ]; then
    read -r more_passed more_failed <"$work/told/counts"
    passed=$((passed + more_passed)) failed=$((failed + more_failed))
  else
    not_ok "systemd boots in namespaces of its own and runs the checks" "$work/boot.log"
  fi
else
  not_ok "the next versions of both packages are built" "$work/build.log"
fi
end
