#!/usr/bin/env bash
# Makes the Debian package for the release of Debian that runs here, from nothing: installs what is
# missing, compiles, and packs. Prints the path of the package.
#
#   scripts/package.sh
#
# DEBFULLNAME and DEBEMAIL in the environment say who maintains the package, and SOURCE_DATE_EPOCH
# says its date; otherwise it is that of the last commit.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib/packages.sh

architecture=$(dpkg --print-architecture)
build=build/package-$architecture

configure() {
  local revision maintainer date
  revision=1~deb$(sed -n 's/^VERSION_ID="\(.*\)"$/\1/p' /etc/os-release)
  date=@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
  maintainer=${DEBEMAIL:+${DEBFULLNAME:-$DEBEMAIL} <$DEBEMAIL>}
  cmake --preset release -B "$build" \
    -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_SYSCONFDIR=/etc \
    -DCMAKE_CXX_FLAGS="$(debian_flags CXXFLAGS) $(debian_flags CPPFLAGS)" \
    -DCMAKE_EXE_LINKER_FLAGS="$(debian_flags LDFLAGS)" \
    -DTIDEGAUGE_DEBIAN_REVISION="$revision" \
    -DTIDEGAUGE_DEBIAN_DATE="$(LC_ALL=C date -R -u -d "$date")" \
    ${maintainer:+-DTIDEGAUGE_MAINTAINER="$maintainer"} "$@" >&2
}

# What Debian compiles its own packages with. The package has no symbols for a debugger.
debian_flags() {
  DEB_HOST_ARCH=$architecture DEB_BUILD_MAINT_OPTIONS=hardening=+all DEB_CXXFLAGS_MAINT_STRIP=-g \
    dpkg-buildflags --get "$1" 2>/dev/null
}

build() {
  cmake --build "$build" --target "$@" >&2
}

pack() {
  rm -f "$build"/packages/*.deb
  cpack --config "$build/CPackConfig.cmake" -B "$build/packages" >&2
  echo "$PWD/$build"/packages/*.deb
}

install_missing "${packages_build[@]}" "${packages_package[@]}"
configure -DTIDEGAUGE_BUILD_TESTS=OFF
build tidegauge
pack
