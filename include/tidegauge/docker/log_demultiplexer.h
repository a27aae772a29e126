#pragma once

// Takes a log stream apart into frames, however its bytes are cut into pieces. Multiplexed, each
// frame has a header of eight bytes: 1 for stdout or 2 for stderr, three zeros, and the length of
// what follows as a big-endian number. With a TTY there are no headers: every piece is a frame.

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
  /// The next whole frame; nothing where more bytes are needed. Errc::bad_reply for a header that
  /// is none: what was fed is dropped, and the stream is of no use after that.
  [[nodiscard]] Result<std::optional<model::LogFrame>> next();
  /// Whether all that was fed has come out: if not, the stream ended within a frame.
  [[nodiscard]] bool drained() const noexcept { return from_ == buffer_.size(); }

 private:
  Format format_;
  std::string buffer_;  // fed and not yet taken, from from_ on
  std::size_t from_ = 0;
};

}  // namespace tidegauge::docker
