#!/usr/bin/env bash
# Format, lints, laws, documents and licences: what a change must pass before the tests.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "== format"
cargo fmt --all -- --check
echo "== lints"
cargo clippy --locked --workspace --all-targets -- -D warnings
echo "== laws"
cargo test --locked -q -p tests --test law
echo "== documents"
RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --quiet
echo "== licences and advisories"
if command -v cargo-deny >/dev/null 2>&1; then
  cargo deny check licenses bans sources
else
  echo "cargo-deny was not found: the law tests checked the licences; for advisories too, 'cargo install cargo-deny'."
fi
if command -v npm >/dev/null 2>&1; then
  echo "== page"
  (cd server/web && { [ -d node_modules ] || npm ci --no-audit --no-fund; } && npm run check)
fi
echo "All checks passed."
