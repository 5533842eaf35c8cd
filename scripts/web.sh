#!/usr/bin/env bash
# Builds the dashboard and the phone page into server/web/dist, where the server embeds them.
# Not done by a build script of cargo: no code of npm runs in `cargo build`, and nothing built is committed.
set -euo pipefail
cd "$(dirname "$0")/../server/web"

node_major=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/' || true)
if ! command -v npm >/dev/null 2>&1 || [ "${node_major:-0}" -lt 20 ]; then
  echo "The page is left out: Node 20 with npm was not found. Install Node 20 or newer and run 'make web'; everything else works without it."
  exit 0
fi

newest_source=$(find . -path ./node_modules -prune -o -path ./dist -prune -o -type f -newer dist/index.html -print 2>/dev/null | head -n 1 || true)
if [ -f dist/index.html ] && [ -z "$newest_source" ]; then
  exit 0
fi
echo "Building the page"
if [ ! -d node_modules ] || [ package-lock.json -nt node_modules ]; then
  npm ci --no-audit --no-fund
  touch node_modules
fi
npm run build
