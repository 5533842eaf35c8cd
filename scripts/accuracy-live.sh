#!/usr/bin/env bash
# Plays a real recording against a running gateway, at its own pace, and scores the server's positions.
# It takes as long as the recording: about six minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

data=$PWD/../shared/data/positions
set_name=${SET:-tetam}
part=$data/$set_name/dev
bin=target/${FOLDER:-debug}
if [ ! -d "$part" ]; then
  echo "The recordings are not beside this repository (../shared/data/positions): nothing to measure."
  exit 0
fi

house=$(mktemp -d)
pids=()
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$house"
}
trap finish EXIT

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
http=$(free_port)
mqtt=$(free_port)
cat >"$house/server.toml" <<CONFIG
[server]
listen = "127.0.0.1:$http"
data_dir = "$house/server"
[broker]
listen = "127.0.0.1:$mqtt"
CONFIG
server() { "$bin/attimo-server" "$@" --config "$house/server.toml"; }
"$bin/attimo-sim" shop-from "$part" --out "$house/shop"
server apply "$house/shop"
key=$(server key create --kind api accuracy | tail -n 1 | awk '{ print $NF }')
gateway_password=$(server broker-user add --role gateway box | tail -n 1 | awk '{ print $NF }')
receivers_password=$(server broker-user add --role receiver receivers | tail -n 1 | awk '{ print $NF }')
uuid=$(sed -n 's/^uuid = "\(.*\)"/\1/p' "$house/shop/shop.toml" | head -n 1)
cat >"$house/gateway.toml" <<CONFIG
[gateway]
id = "box"
store = "replay"
data_dir = "$house/gateway"
tag_uuids = ["$uuid"]
[receivers]
url = "mqtt://127.0.0.1:$mqtt"
username = "box"
password = "$gateway_password"
[uplink]
url = "mqtt://127.0.0.1:$mqtt"
username = "box"
password = "$gateway_password"
[status]
listen = "127.0.0.1:0"
CONFIG
touch "$house/server.out" "$house/gateway.out"
"$bin/attimo-server" run --config "$house/server.toml" >"$house/server.out" 2>"$house/server.log" &
pids+=($!)
until grep -q '^ready' "$house/server.out"; do sleep 0.2; done
"$bin/attimo-gateway" run --config "$house/gateway.toml" >"$house/gateway.out" 2>"$house/gateway.log" &
pids+=($!)
until grep -q '^ready' "$house/gateway.out"; do sleep 0.2; done

ATTIMO_SIM_PASSWORD=$receivers_password ATTIMO_SIM_API_KEY=$key "$bin/attimo-sim" replay "$part" \
  --broker "mqtt://127.0.0.1:$mqtt" --username receivers \
  --server "http://127.0.0.1:$http" --out "$house/pred.csv" "$@"
cp "$house/pred.csv" "target/accuracy-$set_name.csv"
python3 "$data/score_positions.py" --truth "$part/truth.csv" --pred "$house/pred.csv"
