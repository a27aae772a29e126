# shellcheck shell=bash disable=SC2034
# The Debian packages that the project needs, by purpose, and the function that installs what is
# missing of them. To be sourced; never asks anything.

# What the program links, and what its tests link beside that.
packages_program=(libcurl4-openssl-dev libyaml-cpp-dev rapidjson-dev prometheus-cpp-dev libspdlog-dev
  libmicrohttpd-dev libgnutls28-dev libcrypt-dev zlib1g-dev libzstd-dev)
packages_libraries=("${packages_program[@]}" catch2 librapidcheck-dev)
packages_build=(g++ cmake ninja-build pkg-config ccache "${packages_libraries[@]}")
packages_image=(g++ cmake ninja-build pkg-config ca-certificates "${packages_program[@]}")
packages_tests=(docker.io podman iptables busybox-static prometheus iproute2 curl jq
  openssl zstd python3 python3-prometheus-client python3-protobuf python3-yaml
  python3-jsonschema)
# Debian 13 has the command in a package of its own.
! apt-cache -q=2 show docker-cli >/dev/null 2>&1 || packages_tests+=(docker-cli)
packages_browser=(chromium chromium-driver python3 python3-selenium ca-certificates)
packages_image_tests=(git mmdebstrap)
packages_package=(dpkg-dev file lintian man-db bash-completion zsh fish)
packages_lint=(git clang-19 clang-tidy-19 clang-format-19)
packages_clang=(clang-19 libclang-rt-19-dev)  # for the presets asan, tsan and fuzz

# is_installed PACKAGE
is_installed() {
  # shellcheck disable=SC2016
  [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

missing_packages() {
  local package
  for package in "$@"; do
    # libcurl's development packages exclude each other, and the project builds with either.
    [[ $package != libcurl4-openssl-dev ]] || ! is_installed libcurl4-gnutls-dev || continue
    # Docker's own packages do as well, and Debian's would have to remove them.
    [[ $package != docker.io ]] || ! command -v dockerd >/dev/null || continue
    [[ $package != docker-cli ]] || ! command -v docker >/dev/null || continue
    is_installed "$package" || echo "$package"
  done
}

# as_root COMMAND...: runs it as root, or fails where that would take a password.
as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo -n "$@"
  else
    echo "needs root: run as root or with a sudo that asks no password: $*" >&2
    return 1
  fi
}

# Installs packages without starting a service of theirs, now or at the next boot: tests want the
# programs dockerd and promtool, not a second Engine or a Prometheus on this machine.
# In a shell of its own: the trap is that shell's.
install_quietly() {
  local policy=/usr/sbin/policy-rc.d status=0
  if [[ ! -e $policy ]]; then
    # shellcheck disable=SC2064
    trap "rm -f $policy" EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
  fi
  apt-get -qq update &&
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends --no-remove \
      -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold install "$@" >/dev/null ||
    status=$?
  if command -v systemctl >/dev/null; then
    [[ " $* " != *" docker.io "* ]] ||
      systemctl disable -q docker.service docker.socket containerd.service 2>/dev/null || true
    [[ " $* " != *" podman "* ]] ||
      systemctl disable -q podman.service podman.socket podman-restart.service 2>/dev/null || true
    [[ " $* " != *" prometheus "* ]] || systemctl disable -q prometheus.service 2>/dev/null || true
  fi
  return $status
}

# install_missing PACKAGE...
install_missing() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  echo "Installing ${missing[*]}" >&2
  as_root bash -c "$(declare -f install_quietly); install_quietly \"\$@\"" install "${missing[@]}" || {
    echo "Cannot install them. By hand: apt-get install --no-install-recommends ${missing[*]}" >&2
    return 1
  }
}
