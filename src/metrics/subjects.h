#pragma once

// What the rows of a page are about, with the labels that tell one from another, and the loop that
// writes both. Belongs to one rendering; not thread-safe.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "metrics/metric_table.h"
#include "metrics/subject_order.h"

namespace tidegauge::metrics {

/// The label sets of a page, as `append_label` writes them. Rows and subjects share them.
class LabelSets {
 public:
  /// The view is valid as long as this object, wherever that is moved to.
  [[nodiscard]] std::string_view keep(std::string_view labels) {
    if (labels.size() > room_.size()) add_block(labels.size());
    const auto kept = room_.first(labels.size());
    std::ranges::copy(labels, kept.begin());
    room_ = room_.subspan(labels.size());
    return {kept.data(), kept.size()};
  }
  /// Keeps `labels` and one more.
  [[nodiscard]] std::string_view keep(std::string_view labels, const Label& more) {
    buffer_ = labels;
    append_label(buffer_, more.name, more.value);
    return keep(buffer_);
  }

 private:
  /// Thousands of sets in few pieces of memory: malloc would ask the kernel for each page.
  void add_block(std::size_t needed) {
    constexpr std::size_t usual = std::size_t{64} * 1024;
    const auto size = std::max(usual, needed);
    room_ = {blocks_.emplace_back(std::make_unique_for_overwrite<char[]>(size)).get(), size};
  }

  std::vector<std::unique_ptr<char[]>> blocks_;
  std::span<char> room_;  ///< what is free of the last block
  std::string buffer_;
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
  std::optional<WallTime> since = {};  ///< start of its counts; absent: not known
};

/// Takes the subjects that a group selects. It exists during one call of `Group::select`.
template <class Source>
class Selection {
 public:
  Selection(std::vector<Subject<Source>>& subjects, LabelSets& label_sets, std::uint32_t owner,
            std::optional<WallTime> since = {})
      : subjects_(&subjects), label_sets_(&label_sets), owner_(owner), since_(since) {}

  /// The same selection for a source whose counts have another start.
  [[nodiscard]] Selection counted_since(std::optional<WallTime> since) const {
    return {*subjects_, *label_sets_, owner_, since};
  }

  /// `source` and `labels` outlive the page.
  void add(const Source& source, std::string_view labels) const {
    subjects_->push_back({&source, labels, owner_, Priority::once, since_});
  }
  void add(const std::optional<Source>& source, std::string_view labels) const {
    if (source) add(*source, labels);
  }
  /// With one more label.
  void add(const Source& source, std::string_view labels, const Label& more,
           Priority priority = Priority::once) const {
    subjects_->push_back({&source, label_sets_->keep(labels, more), owner_, priority, since_});
  }

 private:
  std::vector<Subject<Source>>* subjects_;
  LabelSets* label_sets_;
  std::uint32_t owner_;
  std::optional<WallTime> since_;
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
      if (is_shown(group)) {
        group.select(scope, Selection(subjects, label_sets, owner, scope.since));
      }
    });
  }

  /// Makes room for `count` subjects in each group that `is_shown`.
  template <class IsShown>
  void reserve(std::size_t count, const IsShown& is_shown) {
    for_each([&](const auto& group, auto& subjects) {
      if (is_shown(group)) subjects.reserve(count);
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
  std::size_t first = 0;  ///< index of the subject that comes first
};

/// Goes on with a family until `writer` has `enough` bytes. True if the family is complete.
template <class Source>
bool render_row(FamilyWriter& writer, std::size_t enough, Progress& progress,
                const Row<Source>& row, const std::vector<Subject<Source>>& subjects,
                SubjectOrder& order) {
  if (progress.subjects == 0) {
    writer.begin(row.family);
    progress.first = order.first(subjects);
  }
  while (progress.subjects < subjects.size() && writer.out().size() < enough) {
    auto index = progress.first + progress.subjects++;
    if (index >= subjects.size()) index -= subjects.size();
    const auto& subject = subjects[index];
    order.begin_lines(subject.owner, writer.position());
    row.write(*subject.source, Samples(writer, subject.labels, subject.since));
  }
  if (progress.subjects < subjects.size()) return false;
  writer.end();
  order.end_family(writer.position());
  return true;
}

/// Writes a whole family, if the page has it.
template <class Source>
void render_row(FamilyWriter& writer, const Row<Source>& row,
                const std::vector<Subject<Source>>& subjects) {
  if (!writer.has(row.family)) return;
  Progress progress;
  SubjectOrder order(Rotation::off);
  render_row(writer, std::string::npos, progress, row, subjects, order);
}

}  // namespace tidegauge::metrics
