#!/usr/bin/env bash
# Makes the Debian package of one program from its binary. It needs dpkg-deb, readelf and strip, and nothing of Rust.
#
#   deploy/deb/build.sh PROGRAM BINARY FOLDER [--arch arm64] [--help-from BINARY] [--most BYTES] [--fast]
#
# PROGRAM is attimo-gateway or attimo-server; the package is written into FOLDER and its path printed.
# --arch       the binary's architecture, if it is not this machine's
# --help-from  the same program for this machine: the manual is made of its --help
# --most       fail if the stripped binary is larger
# --fast       hardly compress: for tests
set -euo pipefail

fail() {
  echo "deploy/deb/build.sh: $*" >&2
  exit 1
}

[ $# -ge 3 ] || fail "say PROGRAM BINARY FOLDER; see the head of this file"
program=$1 binary=$2 folder=$3
shift 3
arch=$(dpkg --print-architecture) help_from=$binary most="" compression=(-Zxz)
while [ $# -gt 0 ]; do
  case $1 in
    --arch) arch=$2; shift 2 ;;
    --help-from) help_from=$2; shift 2 ;;
    --most) most=$2; shift 2 ;;
    --fast) compression=(-Zgzip -z1); shift ;;
    *) fail "$1 is no option; see the head of this file" ;;
  esac
done

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
[ -d "$here/$program" ] || fail "$program has no folder in deploy/deb"
[ -x "$binary" ] || fail "$binary is no program: build it first"
name=${program#attimo-}

# The package's version is the changelog's, and that must be the workspace's.
version=$(sed -n '1s/.*(\(.*\)).*/\1/p' "$here/changelog")
workspace=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$root/Cargo.toml")
[ "${version%-*}" = "$workspace" ] || fail "deploy/deb/changelog is of version ${version%-*}, Cargo.toml of $workspace: add an entry"
stamp=$(date -d "$(sed -n 's/^ -- .*>  //p' "$here/changelog" | head -1)" +%s)
export SOURCE_DATE_EPOCH=$stamp

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
chmod 0755 "$tree"
put() { # MODE FROM TO
  install -D -m "$1" "$2" "$tree/$3"
}

# What is installed.
case $arch in
  "$(dpkg --print-architecture)") strip=strip ;;
  arm64) strip=aarch64-linux-gnu-strip ;;
  *) fail "$arch: no strip for it is known here" ;;
esac
command -v "$strip" >/dev/null || fail "$strip was not found: apt-get install binutils gcc-aarch64-linux-gnu"
put 0755 "$binary" "usr/bin/$program"
"$strip" --strip-all --remove-section=.comment --remove-section=.note "$tree/usr/bin/$program"
bytes=$(stat -c %s "$tree/usr/bin/$program")
if [ -n "$most" ] && [ "$bytes" -gt "$most" ]; then
  fail "$program has $bytes bytes when stripped, and may have $most"
fi
put 0644 "$root/deploy/systemd/$program.service" "lib/systemd/system/$program.service"
put 0644 "$here/$program/sysusers.conf" "usr/lib/sysusers.d/$program.conf"
put 0640 "$root/deploy/config/$name.toml" "etc/attimo/$name.toml"
install -d -m 0700 "$tree/etc/attimo/$name.secrets"
put 0644 "$here/completion.bash" "usr/share/bash-completion/completions/$program"
sed -i "s/@PROGRAM@/$program/g; s/@FUNCTION@/_${program/-/_}/g" "$tree/usr/share/bash-completion/completions/$program"
put 0644 "$here/copyright" "usr/share/doc/$program/copyright"
put 0644 "$here/$program/lintian-overrides" "usr/share/lintian/overrides/$program"
install -d "$tree/usr/share/man/man1"
"$here/manual.sh" "$program" "$help_from" "$version" "$stamp" | gzip -9n >"$tree/usr/share/man/man1/$program.1.gz"
sed "1s/^attimo /$program /" "$here/changelog" | gzip -9n >"$tree/usr/share/doc/$program/changelog.Debian.gz"
gzip -9nc "$root/CHANGELOG.md" >"$tree/usr/share/doc/$program/changelog.gz"
chmod 0644 "$tree/usr/share/man/man1/"* "$tree/usr/share/doc/$program/"*

# What it needs: the libraries of the C toolchain and no others, no older than what it was linked with.
needed=$(readelf -d "$tree/usr/bin/$program" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
for library in $needed; do
  case $library in
    libc.so.6 | libm.so.6 | libgcc_s.so.1 | ld-linux*) ;;
    *) fail "$program needs $library, which no package is named for" ;;
  esac
done
glibc=$(readelf -V "$tree/usr/bin/$program" | grep -o 'GLIBC_2[0-9.]*' | sort -Vu | tail -1)
# Packed relocations are read by glibc 2.36 and newer.
if readelf -d "$tree/usr/bin/$program" | grep -q '(RELR)'; then
  glibc=$(printf '%s\nGLIBC_2.36\n' "$glibc" | sort -V | tail -1)
fi

install -d "$tree/DEBIAN"
installed=$(du -sk --apparent-size --exclude=DEBIAN "$tree" | cut -f1)
sed -e "s/@VERSION@/$version/; s/@ARCH@/$arch/; s/@SIZE@/$installed/; s/@GLIBC@/${glibc#GLIBC_}/" \
  "$here/$program/control" >"$tree/DEBIAN/control"
for script in postinst prerm postrm; do
  sed "s/@PROGRAM@/$program/g; s/@NAME@/$name/g" "$here/$script" >"$tree/DEBIAN/$script"
  chmod 0755 "$tree/DEBIAN/$script"
done
echo "/etc/attimo/$name.toml" >"$tree/DEBIAN/conffiles"
(cd "$tree" && find . -type f ! -path './DEBIAN/*' ! -path './etc/*' -printf '%P\n' | LC_ALL=C sort | xargs md5sum) >"$tree/DEBIAN/md5sums"
find "$tree" -exec touch -hd "@$stamp" {} +

mkdir -p "$folder"
package="$folder/${program}_${version}_$arch.deb"
dpkg-deb --root-owner-group "${compression[@]}" --build "$tree" "$package" >/dev/null
echo "$package"
