#pragma once

// Splits a stream of bytes into lines, wherever the pieces of the stream begin and end. Used by
// EventStream. A line longer than the limit is reported once and skipped up to its newline, without
// keeping its bytes. Not thread-safe.

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
  /// The next complete line without its newline, valid until the next `feed`. Nothing: more bytes
  /// are needed. Errc::bad_reply, once per line that is too long: the next call continues after it.
  [[nodiscard]] Result<std::optional<std::string_view>> next();

 private:
  std::size_t longest_;
  std::string buffer_;        // bytes fed; those before from_ are taken
  std::size_t from_ = 0;      // where the next line begins
  std::size_t searched_ = 0;  // no newline lies between from_ and here
  bool skipping_ = false;     // inside a line that is too long
};

}  // namespace tidegauge::docker
