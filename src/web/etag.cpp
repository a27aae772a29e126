#include "tidegauge/web/etag.h"

#include <algorithm>
#include <cstddef>

namespace tidegauge::web {
namespace {

/// The tag without "W/".
std::string_view opaque(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  return etag;
}

void skip_separators(std::string_view& list) {
  list.remove_prefix(std::min(list.find_first_not_of(" \t,"), list.size()));
}

/// Takes the first tag, with its quotes and without "W/", off `list`. A comma may be a part of it.
/// Empty at the end, and where no tag is next.
std::string_view take_tag(std::string_view& list) {
  skip_separators(list);
  const auto rest = opaque(list);
  if (!rest.starts_with('"')) return {};
  const auto end = rest.find('"', 1);
  if (end == std::string_view::npos) return {};
  list = rest.substr(end + 1);
  return rest.substr(0, end + 1);
}

}  // namespace

bool matches_etag(std::string_view if_none_match, std::string_view etag) {
  skip_separators(if_none_match);
  if (if_none_match.starts_with('*')) return true;
  for (auto tag = take_tag(if_none_match); !tag.empty(); tag = take_tag(if_none_match)) {
    if (tag == opaque(etag)) return true;
  }
  return false;
}

}  // namespace tidegauge::web
