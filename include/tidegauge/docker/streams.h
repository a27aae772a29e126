#pragma once

// What the Engine tells as it happens: events and logs. A stream owns a connection of the
// endpoint's `pool.max_streams`, and gives it back when it ends, is closed or destroyed. Move-only;
// used by one thread at a time; outlives nothing but its ClientManager.
//
// `next` waits until `deadline`: Errc::timeout then, and Errc::cancelled where `stop` was
// requested, leave the stream as it is. No value: it has come to its end. Any other error has
// ended it; that of an Engine that goes away is Errc::connection_lost.

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "tidegauge/docker/log_demultiplexer.h"
#include "tidegauge/model/event.h"
#include "tidegauge/model/log_frame.h"
#include "tidegauge/pool/pooled_stream.h"

namespace tidegauge::docker {

class EventStream {
 public:
  explicit EventStream(pool::PooledStream stream) : stream_(std::move(stream)) {}

  [[nodiscard]] Result<std::optional<model::Event>> next(SteadyTime deadline,
                                                         const std::stop_token& stop = {});
  void close() noexcept { stream_.close(); }

 private:
  pool::PooledStream stream_;
  std::string pending_;  // the beginning of a line
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
