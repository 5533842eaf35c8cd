#!/usr/bin/env bash
# Times peers' decoders beside ours on the same bytes in one run. The peers come from their registries into a temporary folder;
# nothing of them is kept. PROFILE names another profile of cargo than that of benches.
set -euo pipefail
cd "$(dirname "$0")/.."

here=$(pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet --disable-pip-version-check \
  theengsdecoder==2.5.0 bthome-ble==3.25.0 ibeacon-ble==1.2.0 bluetooth-data-tools==1.29.24 habluetooth==7.1.2
mkdir "$folder/node"
(
  cd "$folder/node"
  npm init --yes >/dev/null 2>&1
  npm install --ignore-scripts --no-audit --no-fund --silent advlib@1.3.10 advlib-ble@1.4.2 advlib-ble-manufacturers@1.14.0 \
    advlib-ble-services@1.7.0 barnowl-minew@1.2.1 raddec@0.6.1
)
# Node looks for packages beside the script.
cp scripts/peers/decode.js "$folder/node/"
bench="cargo bench --locked --quiet -p wire --bench decode"
if [ -n "${PROFILE:-}" ]; then bench="$bench --profile $PROFILE"; fi
$bench --no-run
"$folder/python/bin/python" "$here/scripts/peers/decode.py" "$bench -- --turns" "$folder/node/decode.js"
