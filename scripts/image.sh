#!/usr/bin/env bash
# Builds the image and writes its bill of materials (SPDX) to build/image/. The same commit, on the same
# packages, makes the same layer. Needs docker and a clone of the repository, and works with the
# classic builder of Debian's docker.io as well as with BuildKit.
#
#   scripts/image.sh [TAG [OPTION-OF-DOCKER-BUILD...]]     tidegauge:VERSION by default
#   scripts/image.sh tidegauge:test --build-arg BUILD_BASE=debian:trixie-slim
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -nE 's/^project\(tidegauge VERSION ([0-9.]+) .*/\1/p' CMakeLists.txt)
tag=${1:-tidegauge:$version}
revision=$(git rev-parse HEAD)
# A change that is not committed is part of the image and not of the revision.
[[ -z $(git status --porcelain --untracked-files=no) ]] || revision+=-modified
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

build() {
  docker build --tag "$tag" \
    --build-arg SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" --build-arg VERSION="$version" \
    --label org.opencontainers.image.version="$version" \
    --label org.opencontainers.image.revision="$revision" \
    --label org.opencontainers.image.ref.name="$tag" \
    --label org.opencontainers.image.created="$(date --utc --date="@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)" \
    "$@" .
}

# The image has it as well; a container that never runs is the way to a file of an image.
write_sbom() {
  local container
  container=$(docker create "$tag")
  docker cp "$container:/usr/share/doc/tidegauge/sbom.spdx.json" - | tar -xO >"$1"
  docker rm "$container" >/dev/null
}

build "${@:2}" >&2
mkdir -p build/image
sbom=build/image/$(tr '/:' '--' <<<"$tag").spdx.json
write_sbom "$sbom"
echo "$tag, $(docker save "$tag" | gzip -9 | wc -c) bytes compressed, layers $(docker image inspect --format '{{join .RootFS.Layers " "}}' "$tag")"
echo "$sbom"
