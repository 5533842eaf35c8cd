#!/usr/bin/env bash
# Builds the programs for shipping and makes their Debian packages in target/debian.
#   scripts/deb.sh [--programs gateway|server] [--arch arm64]
# arm64 is crossed: rustup target add aarch64-unknown-linux-gnu, apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross
# (with qemu-user-static nothing is built twice)
set -euo pipefail
cd "$(dirname "$0")/.."

# What a box has to download, and the smallest disks it runs from, set the bound: 15 MB stripped.
GATEWAY_BYTES_MAX=15000000

programs="gateway server" arch=$(dpkg --print-architecture)
while [ $# -gt 0 ]; do
  case $1 in
    --programs) programs=$2; shift 2 ;;
    --arch) arch=$2; shift 2 ;;
    *) echo "scripts/deb.sh: $1 is no option; see the head of this file" >&2; exit 1 ;;
  esac
done

target="" folder=${CARGO_TARGET_DIR:-target}
built=$folder/release
if [ "$arch" != "$(dpkg --print-architecture)" ]; then
  [ "$arch" = arm64 ] || { echo "scripts/deb.sh: nothing is known of $arch" >&2; exit 1; }
  target=aarch64-unknown-linux-gnu
  if ! ls "$(rustc --print sysroot)/lib/rustlib/$target" >/dev/null 2>&1 || ! command -v aarch64-linux-gnu-gcc >/dev/null; then
    echo "For arm64: rustup target add $target && apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross" >&2
    exit 1
  fi
  export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
  built=$folder/$target/release
fi

for name in $programs; do
  program=attimo-$name
  # The whole program is optimised at once. The linker of this machine's own builds also makes one of functions that are
  # the same, and packs relocations as glibc of Debian 12 and newer reads them.
  smaller=(-C lto=fat)
  [ -n "$target" ] || smaller+=(-C link-arg=-Wl,--icf=all -C link-arg=-Wl,-z,pack-relative-relocs)
  cargo rustc --locked --release ${target:+--target "$target"} -p "$name" --bin "$program" -- "${smaller[@]}"
  more=()
  [ "$name" != gateway ] || more+=(--most "$GATEWAY_BYTES_MAX")
  if [ -n "$target" ]; then
    # The manual is made of what the program says of itself: under qemu, or built for this machine as well.
    speaks=$folder/release/$program
    if command -v qemu-aarch64-static >/dev/null && [ -d /usr/aarch64-linux-gnu/lib ]; then
      speaks=$built/$program.here
      printf '#!/bin/sh\nexec qemu-aarch64-static -L /usr/aarch64-linux-gnu "%s" "$@"\n' "$(realpath "$built/$program")" >"$speaks"
      chmod +x "$speaks"
    else
      cargo build --locked --release -p "$name"
    fi
    more+=(--arch "$arch" --help-from "$speaks")
  fi
  deploy/deb/build.sh "$program" "$built/$program" "$folder/debian" "${more[@]}"
done
if command -v lintian >/dev/null; then
  lintian --allow-root --fail-on error,warning "$folder"/debian/*.deb
else
  echo "lintian was not found: the packages were made and not looked at by it."
fi
