#!/usr/bin/env bash
# Makes the Debian package for the release of Debian that runs here, from nothing: installs what is
# missing, compiles, and packs. Prints the path of the package.
#
#   scripts/package.sh                  for the architecture of this machine
#   scripts/package.sh arm64            for another one, cross-compiled
#
# DEBFULLNAME and DEBEMAIL in the environment say who maintains the package, and SOURCE_DATE_EPOCH
# says its date; otherwise it is that of the last commit.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib/packages.sh
source scripts/lib/sysroot.sh

architecture=${1:-$(dpkg --print-architecture)}
build=build/package-$architecture
sysroot=$PWD/build/sysroot-$architecture
is_cross=$([[ $architecture == "$(dpkg --print-architecture)" ]] || echo yes)

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
  cpack --config "$build/CPackConfig.cmake" -B "$build/packages" "$@" >&2
  echo "$PWD/$build"/packages/*.deb
}

# CPack itself can find the libraries of this machine's architecture only.
pack_cross() {
  local depends
  depends=$(sysroot_dependencies "$architecture" "$sysroot" "$build/tidegauge")
  pack -D CPACK_DEBIAN_PACKAGE_ARCHITECTURE="$architecture" -D CPACK_DEBIAN_PACKAGE_SHLIBDEPS=OFF \
    -D CPACK_DEBIAN_PACKAGE_DEPENDS="$depends"
}

install_missing "${packages_build[@]}" "${packages_package[@]}"
options=(-DTIDEGAUGE_BUILD_TESTS=OFF)
if [[ $is_cross ]]; then
  prepare_cross "$architecture" "$sysroot" "${packages_program[@]}"
  mapfile -t -O ${#options[@]} options < <(cross_options "$architecture" "$sysroot")
fi
configure "${options[@]}"
build tidegauge
pack${is_cross:+_cross}
