#!/usr/bin/env bash
# Prints the bill of materials of the image, in SPDX 2.3 as JSON, from Debian's package data: what
# the program links, what else is copied, the libraries that are compiled into it, and uPlot.
#
#   image_sbom.sh VERSION <PACKAGES        PACKAGES: a Debian package a line, as dpkg-query names it
set -euo pipefail

version=$1
epoch=${SOURCE_DATE_EPOCH:-0}
compiled_in=(rapidjson-dev) # headers alone
uplot=$(dirname "${BASH_SOURCE[0]}")/../../src/web/assets/uplot/README.md
mapfile -t packages
# shellcheck source=/dev/null
distribution=$(. /etc/os-release && echo "$ID-$VERSION_ID")

# spdx_package PACKAGE
spdx_package() {
  # shellcheck disable=SC2016
  dpkg-query -W -f='${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}\t${Homepage}\n' "$1" |
    awk -F'\t' -v distribution="$distribution" '{
      version = $2
      gsub(/%/, "%25", version); gsub(/\+/, "%2B", version); gsub(/:/, "%3A", version)
      printf "    {\n      \"SPDXID\": \"SPDXRef-%s\",\n      \"name\": \"%s\",\n", id($1), $1
      printf "      \"versionInfo\": \"%s\",\n      \"supplier\": \"Organization: Debian\",\n", $2
      printf "      \"downloadLocation\": \"NOASSERTION\",\n      \"filesAnalyzed\": false,\n"
      if ($6 != "") printf "      \"homepage\": \"%s\",\n", $6
      printf "      \"sourceInfo\": \"built from the Debian source package %s %s\",\n", $4, $5
      printf "      \"licenseConcluded\": \"NOASSERTION\",\n      \"licenseDeclared\": \"NOASSERTION\",\n"
      printf "      \"copyrightText\": \"NOASSERTION\",\n"
      printf "      \"externalRefs\": [{\n        \"referenceCategory\": \"PACKAGE-MANAGER\",\n"
      printf "        \"referenceType\": \"purl\",\n"
      printf "        \"referenceLocator\": \"pkg:deb/debian/%s@%s?arch=%s&distro=%s\"\n      }]\n    }", \
        $1, version, $3, distribution
    }
    function id(name) { gsub(/[^A-Za-z0-9.-]/, "-", name); return name }'
}

# The plots of the status page, which are served as their author has published them.
uplot_package() {
  local uplot_version
  uplot_version=$(sed -n 's/^- version: //p' "$uplot")
  cat <<JSON
    {
      "SPDXID": "SPDXRef-uplot",
      "name": "uplot",
      "versionInfo": "$uplot_version",
      "downloadLocation": "https://registry.npmjs.org/uplot/-/uplot-$uplot_version.tgz",
      "filesAnalyzed": false,
      "licenseConcluded": "MIT",
      "licenseDeclared": "MIT",
      "copyrightText": "NOASSERTION",
      "externalRefs": [{
        "referenceCategory": "PACKAGE-MANAGER",
        "referenceType": "purl",
        "referenceLocator": "pkg:npm/uplot@$uplot_version"
      }]
    }
JSON
}

# relationship FROM TYPE TO
relationship() {
  printf '    {"spdxElementId": "SPDXRef-%s", "relationshipType": "%s", "relatedSpdxElement": "SPDXRef-%s"}' \
    "$1" "$2" "${3//[^A-Za-z0-9.-]/-}"
}

print_packages() {
  cat <<JSON
    {
      "SPDXID": "SPDXRef-tidegauge",
      "name": "tidegauge",
      "versionInfo": "$version",
      "primaryPackagePurpose": "CONTAINER",
      "downloadLocation": "NOASSERTION",
      "filesAnalyzed": false,
      "licenseConcluded": "Apache-2.0",
      "licenseDeclared": "Apache-2.0",
      "copyrightText": "NOASSERTION"
    }
JSON
  local package
  for package in "${packages[@]}" "${compiled_in[@]}"; do
    echo ,
    spdx_package "$package"
  done
  echo ,
  uplot_package
}

print_relationships() {
  relationship DOCUMENT DESCRIBES tidegauge
  local package
  for package in "${packages[@]%:*}"; do
    echo ,
    relationship tidegauge CONTAINS "$package"
  done
  for package in "${compiled_in[@]}"; do
    echo ,
    relationship tidegauge STATIC_LINK "$package"
  done
  echo ,
  relationship tidegauge CONTAINS uplot
}

body=$(
  printf '  "packages": [\n%s\n  ],\n' "$(print_packages)"
  printf '  "relationships": [\n%s\n  ]\n' "$(print_relationships)"
)
# The namespace is to be another for another document, and the same for the same one.
cat <<JSON
{
  "spdxVersion": "SPDX-2.3",
  "dataLicense": "CC0-1.0",
  "SPDXID": "SPDXRef-DOCUMENT",
  "name": "tidegauge-$version-image",
  "documentNamespace": "urn:sha256:$(sha256sum <<<"$version $body" | cut -d' ' -f1)",
  "creationInfo": {
    "created": "$(date --utc --date="@$epoch" +%Y-%m-%dT%H:%M:%SZ)",
    "creators": ["Tool: tidegauge-image_sbom.sh"]
  },
$body
}
JSON
