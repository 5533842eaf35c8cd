# bash completion of @PROGRAM@: what it offers is what the program's own --help lists.
@FUNCTION@() {
  local word=${COMP_WORDS[COMP_CWORD]} part
  local -a path=()
  case ${COMP_WORDS[COMP_CWORD - 1]} in
    -c | --config | --out | --from | --input)
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
      return
      ;;
  esac
  for part in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    # Names of commands only: nothing else that was typed is handed to the program.
    [[ $part =~ ^[a-z][a-z-]*$ ]] && path+=("$part")
  done
  local help
  help=$(@PROGRAM@ "${path[@]}" --help 2>/dev/null) || help=$(@PROGRAM@ "${path[0]}" --help 2>/dev/null) || return
  local words
  words=$(awk '/^Commands:/ { on = 1; next } /^[^ ]/ { on = 0 } on && /^  [a-z]/ { print $1 }
    /^ +(-[a-zA-Z], )?--[a-z]/ { if (match($0, /--[a-z-]+/)) print substr($0, RSTART, RLENGTH) }' <<<"$help")
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  if [ ${#COMPREPLY[@]} = 0 ]; then mapfile -t COMPREPLY < <(compgen -f -- "$word"); fi
}
complete -o filenames -F @FUNCTION@ @PROGRAM@
