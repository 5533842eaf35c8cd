#!/usr/bin/env bash
# Writes the manual page of a program from what it says of itself: its --help, and that of each of its commands.
#   deploy/deb/manual.sh PROGRAM BINARY VERSION SECONDS
set -euo pipefail
program=$1 binary=$2 version=$3 seconds=$4

# Plain text as roff: nothing in it is an instruction, and nothing is filled.
text() {
  printf '.nf\n'
  sed -e 's/\\/\\e/g' -e 's/-/\\-/g' -e "s/^\([.']\)/\\\\\&\1/" -e 's/[[:space:]]*$//'
  printf '.fi\n'
}

# The environment of who builds is not to be seen in it.
say() { env -i PATH="$PATH" "$binary" "$@" --help; }
help=$(say)
summary=$(head -1 <<<"$help" | sed 's/\.$//')
printf '.TH %s 1 "%s" "Attimo %s"\n' "${program^^}" "$(date -u -d "@$seconds" +%F)" "$version"
printf '.SH NAME\n%s \\- %s\n' "$program" "$(sed 's/-/\\-/g' <<<"$summary")"
printf '.SH DESCRIPTION\n'
tail -n +2 <<<"$help" | text
commands=$(awk '/^Commands:/ { on = 1; next } /^[^ ]/ || /^$/ { on = 0 } on && /^  [a-z]/ { print $1 }' <<<"$help")
for command in $commands; do
  [ "$command" != help ] || continue
  printf '.SH %s\n' "$(tr 'a-z' 'A-Z' <<<"$command" | sed 's/-/\\-/g')"
  say "$command" | text
done
printf '.SH FILES\n.TP\n.I /etc/attimo/%s.toml\nThe configuration; every key is explained in it.\n' "${program#attimo-}"
printf '.TP\n.I /etc/attimo/%s.secrets/\nOne file for each secret, named after its key.\n' "${program#attimo-}"
printf '.TP\n.I /var/lib/%s/\nWhat the service keeps.\n' "$program"
