#pragma once

// What the rows of a page are about, with the labels that tell one from another, and the loop that
// turns both into text. Belongs to one rendering; not thread-safe.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "metrics/metric_table.h"

namespace tidegauge::metrics {

/// The label sets of a page, as `append_label` writes them. Rows and subjects share them.
class LabelSets {
 public:
  /// The view is valid as long as this object.
  [[nodiscard]] std::string_view keep(std::string labels) {
    return kept_.emplace_back(std::move(labels));
  }

 private:
  std::deque<std::string> kept_;
};

/// What the series limit keeps first of a container that has more series than its share.
enum class Priority : std::uint8_t {
  once,              ///< a container has it once
  docker_interface,  ///< an interface that Docker names
  repeated           ///< a container may have any number
};

/// What a row is about, and the labels that tell it from others.
template <class Source>
struct Subject {
  const Source* source;
  std::string_view labels;
  std::uint32_t owner = 0;  ///< index of the container that it belongs to
  Priority priority = Priority::once;
};

/// Takes the subjects that a group selects. It exists during one call of `Group::select`.
template <class Source>
class Selection {
 public:
  Selection(std::vector<Subject<Source>>& subjects, LabelSets& label_sets, std::uint32_t owner)
      : subjects_(&subjects), label_sets_(&label_sets), owner_(owner) {}

  /// `source` and `labels` outlive the page.
  void add(const Source& source, std::string_view labels) const {
    subjects_->push_back({&source, labels, owner_});
  }
  void add(const std::optional<Source>& source, std::string_view labels) const {
    if (source) add(*source, labels);
  }
  /// With one more label.
  void add(const Source& source, std::string_view labels, const Label& more,
           Priority priority = Priority::once) const {
    std::string all(labels);
    append_label(all, more.name, more.value);
    subjects_->push_back({&source, label_sets_->keep(std::move(all)), owner_, priority});
  }

 private:
  std::vector<Subject<Source>>* subjects_;
  LabelSets* label_sets_;
  std::uint32_t owner_;
};

/// For each group of a table, the subjects of its rows. The table outlives it.
template <class... Groups>
class SubjectsOf {
 public:
  explicit SubjectsOf(const std::tuple<Groups...>& groups) : groups_(&groups) {}

  /// Lets each group that `is_shown` select from `scope`.
  template <class Scope, class IsShown>
  void select(const Scope& scope, std::uint32_t owner, LabelSets& label_sets,
              const IsShown& is_shown) {
    for_each([&](const auto& group, auto& subjects) {
      if (is_shown(group)) group.select(scope, Selection(subjects, label_sets, owner));
    });
  }

  /// Calls `use(group, subjects)` for each group, in the order of the page.
  template <class Use>
  void for_each(const Use& use) {
    call_for_each(use, std::index_sequence_for<Groups...>());
  }

 private:
  template <class Use, std::size_t... indices>
  void call_for_each(const Use& use, std::index_sequence<indices...> /*of the groups*/) {
    (use(std::get<indices>(*groups_), std::get<indices>(subjects_)), ...);
  }

  const std::tuple<Groups...>* groups_;
  std::tuple<std::vector<Subject<typename Groups::Source>>...> subjects_;
};

/// How much of a family is written.
struct Progress {
  std::size_t subjects = 0;
  bool has_head = false;
};

/// Goes on with a family until `out` has `enough` bytes. True if the family is complete.
template <class Source>
bool render_row(std::string& out, std::size_t enough, Progress& progress, const Row<Source>& row,
                const std::vector<Subject<Source>>& subjects) {
  TextWriter writer(out, row.family, progress.has_head);
  while (progress.subjects < subjects.size() && out.size() < enough) {
    const auto& subject = subjects[progress.subjects++];
    const Samples samples(writer, subject.labels);
    row.write(*subject.source, samples);
  }
  return progress.subjects == subjects.size();
}

/// Writes a whole family.
template <class Source>
void render_row(std::string& out, const Row<Source>& row,
                const std::vector<Subject<Source>>& subjects) {
  Progress progress;
  render_row(out, std::string::npos, progress, row, subjects);
}

}  // namespace tidegauge::metrics
