#pragma once

// Streams of the Engine: events and logs. A stream owns one of the endpoint's `pool.max_streams`
// connections, and releases it when it ends, is closed or is destroyed. Made by ClientManager,
// whose pools must outlive it. Move-only; used by one thread at a time.
//
// `next` waits until `deadline`. The stream stays open after Errc::timeout (the deadline),
// Errc::cancelled (`stop` was requested) and Errc::engine_down (once per outage, see
// pool/pooled_stream.h). An empty value is the end of the stream. Any other error ends the stream,
// unless `next` documents otherwise, and later calls return Errc::closed. Where the Engine goes
// away, the error is Errc::connection_lost.

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

  /// Errc::bad_reply: a line that is not an event, or is longer than a megabyte. The stream stays
  /// open and continues after that line.
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
