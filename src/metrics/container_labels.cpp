#include "metrics/container_labels.h"

#include <algorithm>
#include <utility>

#include "metrics/label_text.h"

namespace tidegauge::metrics {
namespace {

/// With this Docker label a container names its labels to export.
constexpr std::string_view extra_labels_key = "tidegauge.labels";
constexpr std::size_t max_extra_labels = 16;

bool is_word_character(char character) {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         (character >= '0' && character <= '9');
}

/// The keys that a container names, such as "org.opencontainers.image.version, team".
std::vector<std::string> requested_labels(const model::Container& container) {
  std::vector<std::string> keys;
  auto rest = find_label(container, extra_labels_key).value_or("");
  while (!rest.empty() && keys.size() < max_extra_labels) {
    const auto comma = std::min(rest.find(','), rest.size());
    auto key = rest.substr(0, comma);
    key.remove_prefix(std::min(key.find_first_not_of(' '), key.size()));
    key = key.substr(0, key.find_last_not_of(' ') + 1);
    if (!key.empty()) keys.emplace_back(key);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return keys;
}

}  // namespace

ContainerLabels::ContainerLabels(const PageOptions& options)
    : options_(options), configured_(exported(options.container_labels)) {}

std::string ContainerLabels::all_labels(const model::ContainerRecord& record,
                                        std::string_view endpoint_labels) {
  const auto& container = *record.container;
  const auto cut_before = cut_;
  std::string labels(endpoint_labels);
  append_text(labels, "id", record.cgroup_path);
  append_text(labels, "name", container.name);
  append_text(labels, "image", container.image);
  used_names_.clear();
  append_docker_labels(labels, container, configured_);
  append_docker_labels(labels, container, exported(requested_labels(container)));
  if (cut_ > cut_before && first_cut_.empty()) first_cut_ = container.name;
  return labels;
}

std::string ContainerLabels::name_only(std::string_view name,
                                       std::string_view endpoint_labels) const {
  std::string labels(endpoint_labels);
  append_label(labels, "name", name, max_text_length());
  return labels;
}

/// The names are cAdvisor's: "com.docker.compose.project" becomes
/// "container_label_com_docker_compose_project".
std::vector<ContainerLabels::Exported> ContainerLabels::exported(
    const std::vector<std::string>& keys) {
  std::vector<Exported> exported;
  for (const auto& key : keys) {
    auto name = "container_label_" + key;
    std::ranges::replace_if(name, [](char c) { return !is_word_character(c); }, '_');
    exported.push_back({key, std::move(name)});
  }
  return exported;
}

void ContainerLabels::append_text(std::string& labels, std::string_view name,
                                  std::string_view value) {
  if (append_label(labels, name, value, max_text_length())) ++cut_;
}

/// If several keys become the same name, the first that the container has counts: a name that
/// occurs twice makes a series invalid.
void ContainerLabels::append_docker_labels(std::string& labels, const model::Container& container,
                                           const std::vector<Exported>& exported) {
  for (const auto& [key, name] : exported) {
    const auto value = find_label(container, key);
    if (!value || std::ranges::find(used_names_, name) != used_names_.end()) continue;
    used_names_.push_back(name);
    if (append_label(labels, name, *value, options_.max_label_length, Cut::front)) ++cut_;
  }
}

/// The labels that tell containers apart may be longer than those that describe them: the cgroup of
/// a rootless container has 130 characters.
std::size_t ContainerLabels::max_text_length() const {
  return std::max(options_.max_label_length, longest_text);
}

}  // namespace tidegauge::metrics
