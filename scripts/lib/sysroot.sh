# shellcheck shell=bash
# Compiles for another architecture than this machine's: against a tree of Debian's packages of that
# architecture, because the libraries of two architectures cannot all be installed on one machine. To be sourced
# after packages.sh.
#
# make_sysroot ARCHITECTURE DIRECTORY PACKAGE...: unpacks the packages, with all that they depend on, unless
# DIRECTORY has them already. Nothing of them runs.
make_sysroot() {
  local architecture=$1 directory=$2
  shift 2
  local wanted="$*"
  [[ ! -e $directory/.packages || $(<"$directory/.packages") != "$wanted" ]] || return 0
  rm -rf "$directory"
  mkdir -p "$directory"
  local suite archives=$directory/var/cache/apt/archives
  suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  mmdebstrap --quiet --mode=auto --variant=extract --skip=cleanup --architectures="$architecture" \
    --include="$(IFS=,; echo "$*")" "$suite" "$directory"
  make_links_relative "$directory/usr"
  register_packages "$directory" "$architecture"
  rm -rf "$archives"
  echo "$wanted" >"$directory/.packages"
}

# Links to absolute paths lead out of the tree.
make_links_relative() {
  local link
  find "$1" -type l -lname '/*' -print0 | while IFS= read -r -d '' link; do
    ln -sfr "${1%/usr}$(readlink "$link")" "$link"
  done
}

# dpkg-shlibdeps asks the database of packages which of them has a library. Unpacking leaves none, so this
# writes one, with the libraries where they are in the tree.
register_packages() {
  local directory=$1 archive name control file
  local database=$directory/var/lib/dpkg
  mkdir -p "$database/info" "$database/updates"
  echo 1 >"$database/info/format" # files are named NAME:ARCHITECTURE.list
  printf '%s\n' "$(dpkg --print-architecture)" "$2" >"$database/arch"
  : >"$database/status"
  for archive in "$directory"/var/cache/apt/archives/*.deb; do
    name=$(dpkg-deb --field "$archive" Package)
    [[ $(dpkg-deb --field "$archive" Multi-Arch) != same ]] || name+=:$(dpkg-deb --field "$archive" Architecture)
    control=$(mktemp -d)
    dpkg-deb --control "$archive" "$control"
    for file in shlibs symbols; do
      [[ ! -e $control/$file ]] || cp "$control/$file" "$database/info/$name.$file"
    done
    { sed '1a Status: install ok installed' "$control/control"; echo; } >>"$database/status"
    rm -r "$control"
    dpkg-deb --fsys-tarfile "$archive" | tar -t | sed "s|^\.|$directory|; s|/$||" >"$database/info/$name.list"
  done
}

# cross_options ARCHITECTURE DIRECTORY: the options for cmake, a line each.
cross_options() {
  local triplet
  triplet=$(gnu_type "$1")
  printf '%s\n' -DCMAKE_SYSTEM_NAME=Linux "-DCMAKE_SYSTEM_PROCESSOR=${triplet%%-*}" \
    "-DCMAKE_CXX_COMPILER=$triplet-g++" "-DCMAKE_STRIP=/usr/bin/$triplet-strip" "-DCMAKE_SYSROOT=$2" \
    "-DCMAKE_LIBRARY_ARCHITECTURE=$triplet" \
    -DCMAKE_FIND_ROOT_PATH_MODE_PROGRAM=NEVER -DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY \
    -DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_PACKAGE=ONLY
}

# prepare_cross ARCHITECTURE DIRECTORY PACKAGE...: the compiler, the tree with the packages, and the
# environment of pkg-config, which cmake calls.
prepare_cross() {
  local triplet
  install_missing mmdebstrap "g++-$(gnu_type "$1" | tr _ -)"
  make_sysroot "$@"
  triplet=$(gnu_type "$1")
  export PKG_CONFIG_SYSROOT_DIR=$2 PKG_CONFIG_LIBDIR=$2/usr/lib/$triplet/pkgconfig:$2/usr/share/pkgconfig
}

# sysroot_dependencies ARCHITECTURE DIRECTORY PROGRAM: what the package of the program depends on.
sysroot_dependencies() {
  local work program
  program=$(readlink -f "$3")
  work=$(mktemp -d)
  mkdir "$work/debian"
  printf 'Source: tidegauge\n\nPackage: tidegauge\nArchitecture: any\n' >"$work/debian/control"
  (cd "$work" && DEB_HOST_ARCH=$1 dpkg-shlibdeps --admindir="$2/var/lib/dpkg" \
    -l"$2/lib/$(gnu_type "$1")" -l"$2/usr/lib/$(gnu_type "$1")" -O "$program" | sed 's/^shlibs:Depends=//')
  rm -r "$work"
}

gnu_type() {
  dpkg-architecture -a"$1" -qDEB_HOST_GNU_TYPE 2>/dev/null
}
