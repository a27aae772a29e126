#pragma once

// Takes a stream of lines apart, however its bytes are cut into pieces. Used by EventStream. A line
// that is longer than the limit is reported once and skipped up to its newline; the bytes that are
// skipped are not kept. Not thread-safe.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "tidegauge/model/error.h"

namespace tidegauge::docker {

class LineSplitter {
 public:
  explicit LineSplitter(std::size_t longest) : longest_(longest) {}

  void feed(std::string_view bytes);
  /// The next whole line without its newline, good until the next `feed`; nothing where more bytes
  /// are needed. Errc::bad_reply, once, for a line that is too long: the next call goes on behind
  /// that line.
  [[nodiscard]] Result<std::optional<std::string_view>> next();

 private:
  std::size_t longest_;
  std::string buffer_;        // fed; from_ and what follows is not taken yet
  std::size_t from_ = 0;      // the beginning of the next line
  std::size_t searched_ = 0;  // no newline lies between from_ and here
  bool skipping_ = false;     // within a line that is too long
};

}  // namespace tidegauge::docker
