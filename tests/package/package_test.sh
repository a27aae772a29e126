#!/usr/bin/env bash
# package_test.sh SOURCE_DIR: makes the Debian package for this machine, and checks what an
# administrator gets with it.
set -euo pipefail
cd "$1"
package=$(scripts/package.sh)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
dpkg-deb --extract "$package" "$tree"
dpkg-deb --control "$package" "$tree/DEBIAN"

failures=0
fail() {
  printf 'FAILED: %s\n' "$*" >&2
  failures=$((failures + 1))
}

# same WHAT EXPECTED ACTUAL
same() {
  [[ $2 == "$3" ]] || fail "$1"$'\n'"$(diff <(echo "$2") <(echo "$3") | sed -n 's/^</  expected:/p; s/^>/  is:      /p')"
}

check_lintian() {
  lintian --allow-root --fail-on error,warning "$package" || fail "lintian has findings"
}

check_size() {
  local size
  size=$(stat -c %s "$package")
  ((size <= 2000000)) || fail "the package has $size bytes, more than 2,000,000"
  [[ $(file -b "$tree/usr/bin/tidegauge") == *", stripped"* ]] || fail "the program is not stripped"
}

check_contents() {
  local expected=(
    /etc/default/tidegauge
    /etc/tidegauge/config.yaml
    /usr/bin/tidegauge
    /usr/lib/systemd/system/docker.service.wants/tidegauge-docker.service
    /usr/lib/systemd/system/tidegauge-docker.service
    /usr/lib/systemd/system/tidegauge.service
    /usr/lib/systemd/system/tidegauge.socket
    /usr/share/bash-completion/completions/tidegauge
    /usr/share/fish/vendor_completions.d/tidegauge.fish
    /usr/share/man/man5/tidegauge.yaml.5.gz
    /usr/share/man/man8/tidegauge.8.gz
    /usr/share/zsh/vendor-completions/_tidegauge)
  same "files outside of /usr/share/doc" "$(printf '%s\n' "${expected[@]}")" \
    "$(cd "$tree" && find . -path ./DEBIAN -prune -o -path ./usr/share/doc -prune -o ! -type d -print | sed 's/^.//' | LC_ALL=C sort)"
  local file
  for file in changelog.Debian.gz copyright README.md docs/configuration.md prometheus/alerts.yaml docs/systemd.md \
    systemd/socket.conf; do
    [[ -s $tree/usr/share/doc/tidegauge/$file ]] || fail "no $file among the documents"
  done
  same "owners and modes" "" "$(dpkg-deb --contents "$package" |
    awk '$2 != "root/root" || $1 !~ /^(drwxr-xr-x|-rw-r--r--|lrwxrwxrwx)$/ && $6 != "./usr/bin/tidegauge"')"
}

check_conffiles() {
  same "conffiles: every file in /etc and no other" \
    "$(cd "$tree" && find etc -type f -printf '/%p\n' | sort)" "$(cat "$tree/DEBIAN/conffiles")"
}

# One place has the version: the project's in CMakeLists.txt.
check_version() {
  local version
  version=$(sed -n 's/^project(.* VERSION \([0-9.]*\) .*/\1/p' CMakeLists.txt)
  same "version of the program" "tidegauge $version" "$("$tree/usr/bin/tidegauge" --version)"
  same "version of the package" "$version" "$(dpkg-deb --field "$package" Version | sed 's/-[^-]*$//')"
  same "version in the changelog" "tidegauge ($(dpkg-deb --field "$package" Version)) unstable; urgency=medium" \
    "$(zcat "$tree/usr/share/doc/tidegauge/changelog.Debian.gz" | head -n 1)"
}

check_dependencies() {
  same "dependencies that are no libraries" "" \
    "$(dpkg-deb --field "$package" Depends | tr , '\n' | sed 's/^ *//' | grep -Ev '^(lib|zlib1g)' || true)"
}

check_configuration() {
  "$tree/usr/bin/tidegauge" --config "$tree/etc/tidegauge/config.yaml" --check-config >/dev/null ||
    fail "the program refuses the configuration of the package"
  (source "$tree/etc/default/tidegauge" && [[ -z $ARGS ]]) || fail "/etc/default/tidegauge has no empty ARGS"
}

check_manual_pages() {
  local page
  for page in "$tree"/usr/share/man/*/*; do
    same "warnings about $(basename "$page")" "" "$(MANROFFSEQ='' LC_ALL=C.UTF-8 man --warnings -l "$page" 2>&1 >/dev/null)"
  done
}

check_lintian
check_size
check_contents
check_conffiles
check_version
check_dependencies
check_configuration
check_manual_pages
"$1/tests/package/completion_test.sh" "$tree/usr/share" || fail "completion"
exit $((failures > 0))
