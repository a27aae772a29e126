#include "cgroup/mountinfo.h"

#include <charconv>

#include "cgroup/text.h"

namespace tidegauge::cgroup {
namespace {

/// Replaces octal escapes: the kernel writes a blank as "\040".
std::string unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digits = text.substr(i, 4);
    unsigned code = 0;
    const auto* const end = digits.data() + digits.size();
    if (digits.size() == 4 && digits[0] == '\\' &&
        std::from_chars(digits.data() + 1, end, code, 8).ptr == end && code < 256) {
      plain += static_cast<char>(code);
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

}  // namespace

std::optional<MountLine> parse_mount_line(std::string_view line) {
  for (int skipped = 0; skipped < 3; ++skipped) take_word(line);
  MountLine mount{.root = unescaped(take_word(line)), .point = unescaped(take_word(line))};
  while (!line.empty() && take_word(line) != "-") {
  }
  mount.type = take_word(line);
  mount.source = unescaped(take_word(line));
  mount.super_options = take_word(line);
  if (mount.super_options.empty()) return std::nullopt;
  return mount;
}

}  // namespace tidegauge::cgroup
