#include "config/setting.h"

#include <utility>

namespace tidegauge::config {

Origin in_file(const std::string& path, int line) {
  return {Origin::Source::file, line, path + ":" + std::to_string(line)};
}

void MistakeList::add(const Origin& origin, std::string what) {
  mistakes_.emplace(origin, std::move(what));
}

std::vector<Mistake> MistakeList::sorted() const {
  std::vector<Mistake> out;
  out.reserve(mistakes_.size());
  for (const auto& [origin, what] : mistakes_) out.push_back({origin.where, what});
  return out;
}

}  // namespace tidegauge::config
