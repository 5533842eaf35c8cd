#!/usr/bin/env bash
# Run by run.sh under a systemd of its own, on files that are thrown away: the life of a package on a machine.
set -uo pipefail
export PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
cd /told || exit 1
. ./tell.sh
trap 'echo "$passed $failed" >/told/counts' EXIT

conf=/etc/attimo/gateway.toml
unit=attimo-gateway.service

# Waits until a command holds, for a minute at most; without a change it looks five times a second.
await() {
  local until=$((SECONDS + 60))
  until "$@"; do
    [ "$SECONDS" -lt "$until" ] || { echo "not within a minute: $*"; systemctl status --no-pager "$unit"; return 1; }
    sleep 0.2
  done
}
show() { systemctl show --value -p "$1" "${2:-$unit}"; }
mode_is() { [ "$(stat -c '%a %U %G' "$1")" = "$2" ] || { stat -c '%n is %a %U %G' "$1"; return 1; }; }
line() { grep "^$1:" "/proc/$(show MainPID)/status"; }
quietly_installs() { dpkg "$@" >/tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log; return 1; }; }

fresh_install() {
  quietly_installs -i attimo-gateway_*.deb &&
    getent passwd attimo-gateway | grep -q ':/var/lib/attimo-gateway:/usr/sbin/nologin$' &&
    mode_is $conf '640 root attimo-gateway' && mode_is /etc/attimo/gateway.secrets '700 root root' &&
    mode_is /var/lib/attimo-gateway '750 attimo-gateway attimo-gateway'
}
asleep() { [ "$(systemctl is-enabled $unit)" = disabled ] && [ "$(systemctl is-active $unit)" = inactive ]; }
unit_verifies() {
  local said
  said=$(systemd-analyze verify "/lib/systemd/system/$1" 2>&1) || { echo "$said"; return 1; }
  ! grep "$1" <<<"$said"
}
template_is_whole() { runuser -u attimo-gateway -- attimo-gateway config check; }
outsiders_read_nothing() {
  ! runuser -u nobody -- cat $conf && ! runuser -u nobody -- ls /var/lib/attimo-gateway &&
    ! runuser -u attimo-gateway -- ls /etc/attimo/gateway.secrets
}

# A broker that wants the password which root keeps in the folder of secrets.
a_broker() {
  mosquitto_passwd -b -c /tmp/passwords gw-1 'of 7 words' 2>/dev/null
  chmod 0644 /tmp/passwords
  printf 'listener 1883 127.0.0.1\nallow_anonymous false\npassword_file /tmp/passwords\n' >/tmp/mosquitto.conf
  systemd-run --quiet --unit=broker mosquitto -c /tmp/mosquitto.conf
}
filled_in() {
  cat >$conf <<'TOML'
# Filled in by the admin.
[gateway]
id = "gw-1"
store = "demo"
data_dir = "/var/lib/attimo-gateway"
[uplink]
url = "mqtt://127.0.0.1:1883"
username = "gw-1"
TOML
  install -m 0600 /dev/stdin /etc/attimo/gateway.secrets/uplink.password <<<'of 7 words'
  cp $conf /tmp/filled-in.toml
  systemctl enable --quiet --now $unit
}
is_up() { [ "$(show ActiveState)" = active ] && curl -s http://127.0.0.1:9180/healthz | grep -q '"status"'; }
uplink_stands() { [[ $(show StatusText) == "The uplink stands"* ]]; }
sandboxed() {
  local homes=/home
  [ "$(stat -c %U "/proc/$(show MainPID)")" = attimo-gateway ] && line CapEff | grep -q '0000000000000000' &&
    line CapBnd | grep -q '0000000000000000' && line NoNewPrivs | grep -q '1$' && line Seccomp | grep -q '2$' &&
    mkdir -p $homes/somebody && nsenter -t "$(show MainPID)" -m -- test -d /var/lib/attimo-gateway &&
    nsenter -t "$(show MainPID)" -m -- test ! -e $homes/somebody &&
    nsenter -t "$(show MainPID)" -m -- test -w /var/lib/attimo-gateway &&
    nsenter -t "$(show MainPID)" -m -- test ! -w /usr
}
secret_stays_secret() {
  local pid
  pid=$(show MainPID)
  ! tr '\0' '\n' <"/proc/$pid/environ" | grep -q 'of 7 words' && ! grep -rq 'of 7 words' /var/lib/attimo-gateway &&
    journalctl -u $unit >/tmp/journal && [ -s /tmp/journal ] && ! grep -q 'of 7 words' /tmp/journal
}

quick_watchdog() {
  mkdir -p /run/systemd/system/$unit.d
  printf '[Service]\nWatchdogSec=3\nTimeoutAbortSec=1\n' >/run/systemd/system/$unit.d/quick.conf
  systemctl daemon-reload && systemctl restart $unit
}
fed_again() { [ "$(show WatchdogTimestampMonotonic)" != "$fed" ]; }
# A quiet box without anything to hear, for longer than the watchdog waits: it is fed six times and goes on.
quiet_is_well() {
  local pid _
  pid=$(show MainPID)
  systemctl stop broker
  for _ in 1 2 3 4 5 6; do
    fed=$(show WatchdogTimestampMonotonic)
    await fed_again || return 1
  done
  await uplink_is_gone && [ "$(show MainPID)" = "$pid" ] && [ "$(show NRestarts)" = 0 ]
}
uplink_is_gone() { [[ $(show StatusText) == "The uplink is gone"* ]]; }
# A box that is there and does nothing.
still_is_ended() {
  local pid
  pid=$(show MainPID)
  kill -STOP "$pid"
  await restarted && [ "$(show MainPID)" != "$pid" ] && await is_up && journalctl -u $unit | grep -q 'Watchdog timeout'
}
restarted() { [ "$(show NRestarts)" = 1 ]; }

edited_configuration_survives() {
  pid=$(show MainPID)
  chmod 0600 $conf # as an admin may
  quietly_installs --force-confold -i next-gateway.deb && cmp $conf /tmp/filled-in.toml &&
    grep -q 'Of the next version' $conf.dpkg-dist
}
upgraded_is_restarted() { await is_up && [ "$(show MainPID)" != "$pid" ] && [ "$(systemctl is-enabled $unit)" = enabled ]; }
removed() {
  quietly_installs -r attimo-gateway && [ "$(systemctl is-active $unit)" != active ] && ! pgrep -x attimo-gateway &&
    [ ! -e /usr/bin/attimo-gateway ] && cmp $conf /tmp/filled-in.toml && [ -d /var/lib/attimo-gateway/spool ]
}
comes_back() {
  quietly_installs --force-confold -i next-gateway.deb && cmp $conf /tmp/filled-in.toml && systemctl start $unit && await is_up
}
purged() {
  rm -rf /run/systemd/system/$unit.d
  quietly_installs -P attimo-gateway || return 1
  local left
  left=$(find /etc /usr /lib/systemd /var/lib -xdev -name '*attimo-gateway*' ! -path '*/doc/*' 2>/dev/null)
  [ -z "$left" ] || { echo "left behind: $left"; return 1; }
  [ ! -e /etc/attimo ] && getent passwd attimo-gateway >/dev/null && ! systemctl list-units --failed | grep attimo
}

server_is_up() { curl -s -o /dev/null http://127.0.0.1:8080/; }
server_runs() {
  unit=attimo-server.service
  quietly_installs -i attimo-server_*.deb && mode_is /etc/attimo/server.toml '640 root attimo-server' &&
    systemctl start $unit && await server_is_up && [ "$(stat -c %U "/proc/$(show MainPID)")" = attimo-server ] &&
    line CapBnd | grep -q '0000000000000000'
}
untouched_configuration_is_renewed() {
  quietly_installs -i next-server.deb && grep -q 'Of the next version' /etc/attimo/server.toml &&
    mode_is /etc/attimo/server.toml '640 root attimo-server' && await server_is_up
}
server_purged() {
  quietly_installs -P attimo-server && [ ! -e /etc/attimo ] && [ ! -e /var/lib/attimo-server ] && [ "$(systemctl is-active $unit)" != active ]
}

check "install: own user, modes, state folder" fresh_install
check "install: it is neither enabled nor started before it is filled in" asleep
check "install: systemd finds no fault in the unit" unit_verifies $unit
check "install: the configuration as it comes is whole" template_is_whole
check "install: nobody else reads configuration, state or secrets" outsiders_read_nothing
a_broker
check "start: filled in and enabled it is up, and says so to systemd" filled_in
check "start: the status page answers" await is_up
check "start: the password from the folder of secrets opens the broker" await uplink_stands
check "start: own user, no capability, no way to /home or /usr" sandboxed
check "start: the password is in no environment, file or log" secret_stays_secret
check "watchdog: a shorter one for the test" quick_watchdog
check "watchdog: a quiet box whose broker is away goes on" quiet_is_well
check "watchdog: a box that stands still is started anew" still_is_ended
check "upgrade: an edited configuration survives, the new one lies beside it" edited_configuration_survives
check "upgrade: the service is restarted and stays enabled" upgraded_is_restarted
check "remove: the service ends, configuration and state stay" removed
check "install again: it goes on where it was" comes_back
check "purge: nothing is left but the user" purged
check "server: it runs as it comes, in its own sandbox" server_runs
check "server: systemd finds no fault in the unit" unit_verifies attimo-server.service
check "server: a configuration that nobody edited is renewed" untouched_configuration_is_renewed
check "server: purge leaves nothing" server_purged
exit 0
