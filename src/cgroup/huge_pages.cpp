#include "cgroup/huge_pages.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

#include "cgroup/parsers.h"

namespace tidegauge::cgroup {
namespace {

namespace fs = std::filesystem;
using model::HugePages;

/// "2MB" of "hugetlb.2MB.current" (v2) and "hugetlb.2MB.usage_in_bytes" (v1); not of what is merely
/// reserved, "hugetlb.2MB.rsvd.current".
std::optional<std::string> page_size(std::string_view file) {
  constexpr std::string_view controller = "hugetlb.";
  if (!file.starts_with(controller)) return std::nullopt;
  file.remove_prefix(controller.size());
  const auto size = file.substr(0, file.find('.'));
  file.remove_prefix(size.size());
  if (file != ".current" && file != ".usage_in_bytes") return std::nullopt;
  return std::string(size);
}

std::vector<std::string> page_sizes(const std::string& directory) {
  std::vector<std::string> sizes;
  std::error_code gone;
  for (fs::directory_iterator entry(directory, gone), end; !gone && entry != end;
       entry.increment(gone)) {
    if (auto size = page_size(entry->path().filename().string())) sizes.push_back(*std::move(size));
  }
  std::ranges::sort(sizes);
  return sizes;
}

}  // namespace

std::vector<HugePages> read_huge_pages(const std::string& directory, FileReader& reader) {
  std::vector<HugePages> all;
  for (auto& size : page_sizes(directory)) {
    const auto prefix = std::string(directory).append("/hugetlb.").append(size);
    const auto text = [&](const char* name) {
      return reader.read((prefix + name).c_str()).value_or(std::string_view());
    };
    // v2's file, or v1's if it does not exist.
    const auto usage =
        parse_count(text(".current")).or_else([&] { return parse_count(text(".usage_in_bytes")); });
    if (!usage) continue;
    const auto fail_count = parse_count_of(text(".events"), "max").or_else([&] {
      return parse_count(text(".failcnt"));
    });
    all.push_back({.size = std::move(size),
                   .usage_bytes = *usage,
                   .max_usage_bytes = parse_count(text(".max_usage_in_bytes")),
                   .fail_count = fail_count});
  }
  return all;
}

}  // namespace tidegauge::cgroup
