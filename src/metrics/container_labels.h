#pragma once

// The labels that name a container: `id`, `name`, `image`, and the Docker labels that the
// configuration or the container itself exports. Used by one thread, for one page.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/metrics/page.h"
#include "tidegauge/model/snapshot.h"

namespace tidegauge::metrics {

class ContainerLabels {
 public:
  /// `options` outlive this.
  explicit ContainerLabels(const PageOptions& options);

  /// The labels of container_info, after those in `endpoint_labels`.
  [[nodiscard]] std::string all_labels(const model::ContainerRecord& record,
                                       std::string_view endpoint_labels);
  /// The label `name` alone, after those in `endpoint_labels`.
  [[nodiscard]] std::string name_only(std::string_view name,
                                      std::string_view endpoint_labels) const;

  /// How many values `all_labels` has cut, and the first container that it cut one of.
  [[nodiscard]] std::size_t cut() const noexcept { return cut_; }
  [[nodiscard]] const std::string& first_cut() const noexcept { return first_cut_; }

 private:
  /// A Docker label and its name on the page.
  struct Exported {
    std::string key;
    std::string name;
  };

  [[nodiscard]] static std::vector<Exported> exported(const std::vector<std::string>& keys);
  void append_text(std::string& labels, std::string_view name, std::string_view value);
  void append_docker_labels(std::string& labels, const model::Container& container,
                            const std::vector<Exported>& exported);
  [[nodiscard]] std::size_t max_text_length() const;

  const PageOptions& options_;
  const std::vector<Exported> configured_;
  std::vector<std::string> used_names_;  ///< container_label_* of the current container
  std::size_t cut_ = 0;
  std::string first_cut_;
};

}  // namespace tidegauge::metrics
