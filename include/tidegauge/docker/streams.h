#pragma once

// What the Engine tells as it happens: events and logs. A stream owns a connection of the
// endpoint's `pool.max_streams`, and gives it back when it ends, is closed or destroyed. Move-only;
// used by one thread at a time; outlives nothing but its ClientManager.
//
// `next` waits until `deadline`. These leave the stream as it is: Errc::timeout at the deadline,
// Errc::cancelled where `stop` was requested, and Errc::engine_down, once for each outage (see
// pool/pooled_stream.h). No value: the stream has come to its end. Any other error has ended the
// stream, unless `next` says otherwise, and later calls answer Errc::closed; the error of an Engine
// that goes away is Errc::connection_lost.

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "tidegauge/docker/line_splitter.h"
#include "tidegauge/docker/log_demultiplexer.h"
#include "tidegauge/model/event.h"
#include "tidegauge/model/log_frame.h"
#include "tidegauge/pool/pooled_stream.h"

namespace tidegauge::docker {

class EventStream {
 public:
  explicit EventStream(pool::PooledStream stream);

  /// Errc::bad_reply: a line that is no event, or of more than a megabyte. The stream skips that
  /// line, and the next call goes on behind it.
  [[nodiscard]] Result<std::optional<model::Event>> next(SteadyTime deadline,
                                                         const std::stop_token& stop = {});
  void close() noexcept { stream_.close(); }

 private:
  pool::PooledStream stream_;
  LineSplitter lines_;
};

class LogStream {
 public:
  LogStream(pool::PooledStream stream, LogDemultiplexer::Format format)
      : stream_(std::move(stream)), frames_(format) {}

  [[nodiscard]] Result<std::optional<model::LogFrame>> next(SteadyTime deadline,
                                                            const std::stop_token& stop = {});
  void close() noexcept { stream_.close(); }

 private:
  pool::PooledStream stream_;
  LogDemultiplexer frames_;
};

}  // namespace tidegauge::docker
