#pragma once

// The order of the containers within a family. Usually it is the same in each family. A page for a
// compressor with a small window begins each family with another container.
//
// deflate (gzip) sees 32 KB back. With 200 containers a family may have 200 lines of 256 bytes,
// together 50 KB, so in the same order each label set is out of the window when it comes again. 120
// lines are 30 KB. After a family that begins with container 0 these are the lines of the
// containers 80 to 199. The next family therefore begins with container 80 and ends with container
// 79: its first 120 lines find their label sets, each 120 lines back. The family after it begins
// with container 160. (In alternating direction line number k looks back 2 k lines, so only 60
// lines find theirs.)
//
// Belongs to one rendering; not thread-safe.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace tidegauge::metrics {

enum class Rotation : std::uint8_t { off, on };

class SubjectOrder {
 public:
  /// Less than deflate's window: families differ in the length of their lines.
  static constexpr std::size_t window_bytes = std::size_t{30} * 1024;

  explicit SubjectOrder(Rotation rotation) : is_on_(rotation == Rotation::on) {}

  /// The index of the first subject of the next family; after the last subject comes the one with
  /// the index 0. A subject has the index of its container, `owner`, and the owners ascend.
  template <class Subjects>
  [[nodiscard]] std::size_t first(const Subjects& subjects) const {
    if (first_owner_ == 0) return 0;
    const auto found = std::ranges::find_if(
        subjects, [&](const auto& subject) { return subject.owner >= first_owner_; });
    return found == subjects.end() ? 0 : static_cast<std::size_t>(found - subjects.begin());
  }

  /// The lines of a container begin at `position` on the page.
  void begin_lines(std::uint32_t owner, std::size_t position) {
    if (!is_on_) return;
    recent_.push_back({owner, position});
    forget_beyond_window(position);
  }

  /// A family ends at `position`.
  void end_family(std::size_t position) {
    forget_beyond_window(position);
    if (exceeds_window_ && !recent_.empty()) first_owner_ = recent_.front().owner;
    recent_.clear();
    exceeds_window_ = false;
  }

 private:
  struct Begin {
    std::uint32_t owner;
    std::size_t position;
  };

  void forget_beyond_window(std::size_t position) {
    while (!recent_.empty() && recent_.front().position + window_bytes < position) {
      recent_.pop_front();
      exceeds_window_ = true;
    }
  }

  const bool is_on_;
  std::uint32_t first_owner_ = 0;
  std::deque<Begin> recent_;  ///< of the current family, within the window
  bool exceeds_window_ = false;
};

}  // namespace tidegauge::metrics
