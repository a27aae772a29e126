#!/usr/bin/env bash
# completion_test.sh SHARE: lets bash, zsh and fish complete command lines with the files below SHARE,
# as they are installed.
set -euo pipefail
share=$1
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
touch chosen.yaml

# What is typed, and what it becomes or is offered.
cases=(
  '--onc' '--once'
  '--log.level=d' '--log.level=debug'
  '--pool.max_c' '--pool.max_connections='
  '--pool.tls_ca_file=chos' '--pool.tls_ca_file=chosen.yaml'
  '--config chos' '--config chosen.yaml')

# Bash splits words at "=", and completes the last part.
in_bash() {
  bash --norc -c '
    source /usr/share/bash-completion/bash_completion
    source "$1/bash-completion/completions/tidegauge"
    compopt() { :; }
    COMP_LINE="tidegauge $2" COMP_POINT=$((10 + ${#2})) COMP_TYPE=9
    read -ra COMP_WORDS <<<"tidegauge ${2/=/ = }"
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _tidegauge
    last=${COMP_WORDS[COMP_CWORD]}
    echo "${2%"$last"}${COMPREPLY[*]}"' bash "$share" "$1"
}

in_fish() {
  local before=''
  [[ $1 != *' '* ]] || before="${1% *} "
  fish --no-config -c 'source $argv[1]/fish/vendor_completions.d/tidegauge.fish
    complete -C "tidegauge $argv[2]"' "$share" "$1" | sed "s/^/$before/; s/\t.*//" | head -n 1
}

# zsh completes in a terminal alone: this types into one, and reads until the completed line is there.
in_zsh() {
  timeout 60 zsh -f -c '
    zmodload zsh/zpty
    zpty -b terminal zsh -f -i
    zpty -w terminal "fpath=($1/zsh/vendor-completions \$fpath); autoload -U compinit; compinit -D -u"
    zpty -w terminal "PS1=; tidegauge() { :; }; echo rea\"\"dy"
    seen= piece=
    until [[ $seen == *ready* ]]; do zpty -r terminal piece; seen+=$piece; done
    zpty -w -n terminal "tidegauge $2"$'"'\t'"'
    setopt extendedglob
    until [[ ${seen//$'"'\e'"'\[[0-9;]#[a-zA-Z]/} == *"tidegauge $3"* ]]; do
      zpty -r terminal piece
      seen+=$piece
    done
    print -r -- "$3"' zsh "$share" "$1" "$2" || echo "(nothing)"
}

failures=0
for ((i = 0; i < ${#cases[@]}; i += 2)); do
  for shell in bash fish zsh; do
    completed=$("in_$shell" "${cases[i]}" "${cases[i + 1]}" || true)
    [[ $completed == "${cases[i + 1]}" ]] && continue
    echo "$shell: 'tidegauge ${cases[i]}' becomes '$completed', not '${cases[i + 1]}'" >&2
    failures=$((failures + 1))
  done
done
exit $((failures > 0))
