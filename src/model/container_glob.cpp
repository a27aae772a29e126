#include "tidegauge/model/container_glob.h"

#include <fnmatch.h>

#include <algorithm>
#include <utility>

namespace tidegauge::model {
namespace {

constexpr std::string_view image_prefix = "image:";
constexpr std::string_view label_prefix = "label:";

std::unexpected<Error> rejected(std::string_view text, const std::string& why) {
  return fail(Errc::invalid_config, "\"" + std::string(text) + "\" " + why);
}

/// Why the pattern is malformed; empty if it is not. fnmatch would read such a part as plain text.
std::string fault_of(std::string_view pattern) {
  while (!pattern.empty()) {
    const auto first = pattern.front();
    pattern.remove_prefix(1);
    if (first == '\\') {
      if (pattern.empty()) return R"(ends with a single \: write \\ for one)";
      pattern.remove_prefix(1);
    } else if (first == '[') {
      if (pattern.starts_with('!') || pattern.starts_with('^')) pattern.remove_prefix(1);
      const auto close = pattern.find(']', 1);  // directly after [ it is one of the characters
      if (close == std::string_view::npos) {
        return R"(has an unclosed [: close it, or write \[ for one)";
      }
      pattern.remove_prefix(close + 1);
    }
  }
  return {};
}

Result<ContainerGlob> label_glob(std::string_view text) {
  const auto rest = text.substr(label_prefix.size());
  const auto equals = rest.find('=');
  const auto key = rest.substr(0, equals);
  if (key.empty()) return rejected(text, "has no key of a label");
  if (key.find_first_of("*?[") != std::string_view::npos) {
    return rejected(text, "has a pattern for a key: write the key in full");
  }
  return ContainerGlob{
      .subject = ContainerGlob::Subject::label,
      .key = std::string(key),
      .pattern = equals == std::string_view::npos ? "*" : std::string(rest.substr(equals + 1))};
}

Result<ContainerGlob> glob_without_check(std::string_view text) {
  if (text.starts_with(label_prefix)) return label_glob(text);
  if (text.starts_with(image_prefix)) {
    const auto pattern = text.substr(image_prefix.size());
    if (pattern.empty()) return rejected(text, "has no image");
    return ContainerGlob{
        .subject = ContainerGlob::Subject::image, .key = {}, .pattern = std::string(pattern)};
  }
  if (text.contains(':')) {
    return rejected(text,
                    "begins with neither image: nor label:, and no name has a colon; for an "
                    "image write image:" +
                        std::string(text));
  }
  if (text.empty()) return rejected(text, "is empty");
  return ContainerGlob{
      .subject = ContainerGlob::Subject::name, .key = {}, .pattern = std::string(text)};
}

bool fits(const std::string& pattern, std::string_view text) {
  return ::fnmatch(pattern.c_str(), std::string(text).c_str(), 0) == 0;
}

}  // namespace

Result<ContainerGlob> parse_container_glob(std::string_view text) {
  auto glob = glob_without_check(text);
  if (!glob) return glob;
  if (const auto fault = fault_of(glob->pattern); !fault.empty()) return rejected(text, fault);
  return glob;
}

std::string to_string(const ContainerGlob& glob) {
  switch (glob.subject) {
    case ContainerGlob::Subject::name:
      return glob.pattern;
    case ContainerGlob::Subject::image:
      return std::string(image_prefix) + glob.pattern;
    case ContainerGlob::Subject::label:
      return std::string(label_prefix) + glob.key + "=" + glob.pattern;
  }
  return {};
}

bool matches(const ContainerGlob& glob, const Container& container) {
  switch (glob.subject) {
    case ContainerGlob::Subject::name:
      return fits(glob.pattern, container.name);
    case ContainerGlob::Subject::image:
      return fits(glob.pattern, container.image);
    case ContainerGlob::Subject::label: {
      const auto value = find_label(container, glob.key);
      return value && fits(glob.pattern, *value);
    }
  }
  return false;
}

}  // namespace tidegauge::model
