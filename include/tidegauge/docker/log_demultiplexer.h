#pragma once

// Splits a log stream into frames, wherever the pieces of the stream begin and end. Used by
// LogStream. In the multiplexed format a frame begins with eight bytes: 1 for stdout or 2 for
// stderr, three zeros, and the length of the text as a big-endian number. A container with a TTY
// has no headers: every piece is a frame. Not thread-safe.

#include <optional>
#include <string>
#include <string_view>

#include "tidegauge/model/error.h"
#include "tidegauge/model/log_frame.h"

namespace tidegauge::docker {

class LogDemultiplexer {
 public:
  enum class Format : std::uint8_t { multiplexed, raw };
  explicit LogDemultiplexer(Format format) : format_(format) {}

  void feed(std::string_view bytes);
  /// The next complete frame. Nothing: more bytes are needed. Errc::bad_reply: an invalid header;
  /// all bytes are dropped, and the stream cannot be used any more.
  [[nodiscard]] Result<std::optional<model::LogFrame>> next();
  /// Whether all bytes have been returned. If not at the end, the stream ended inside a frame.
  [[nodiscard]] bool drained() const noexcept { return from_ == buffer_.size(); }

 private:
  Format format_;
  std::string buffer_;  // bytes fed; those before from_ are taken
  std::size_t from_ = 0;
};

}  // namespace tidegauge::docker
