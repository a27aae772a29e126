#pragma once

// The lease of a connection whose response is read piece by piece: events, logs. It holds one of
// the `pool.max_streams` slots, and returns it when the stream ends or fails, when it is closed, or
// when it is destroyed. Move-only. One thread uses it at a time.
//
// A slow reader makes the Engine wait: at most 128 KiB are buffered here.
//
// An outage does not end a stream: an Engine that stops takes no more calls, but sends on its
// streams how its containers end. `read` returns Errc::engine_down once and can be called again.
// The stream ends when the Engine ends it, 30 s after the beginning of the outage, or a second
// after the Engine is up again, whichever is first. The reader may close the stream earlier.

#include <optional>
#include <span>
#include <stop_token>

#include "tidegauge/http/connection.h"
#include "tidegauge/pool/pooled_connection.h"

namespace tidegauge::pool {

class PooledStream {
 public:
  /// Sends the request on a connection that was acquired for a stream, and waits for the head of
  /// the response.
  [[nodiscard]] static Result<PooledStream> open(PooledConnection connection,
                                                 const http::Request& request,
                                                 const std::stop_token& stop);
  PooledStream(PooledStream&&) noexcept = default;
  PooledStream& operator=(PooledStream&& other) noexcept;
  PooledStream(const PooledStream&) = delete;
  PooledStream& operator=(const PooledStream&) = delete;
  ~PooledStream();

  /// Status and headers; the body is empty.
  [[nodiscard]] const http::Response& head() const noexcept { return head_; }

  /// The size of the next piece; 0 at the clean end and after it. Errc::timeout (at the deadline),
  /// Errc::cancelled, and Errc::engine_down (once for each outage) leave the stream open. Any other
  /// error has ended the stream.
  [[nodiscard]] Result<std::size_t> read(std::span<char> into, SteadyTime deadline,
                                         const std::stop_token& stop = {});

  /// Returns the slot at once, and closes the socket of a stream that has not ended.
  void close() noexcept;

 private:
  PooledStream(PooledConnection connection, http::Response head);

  std::optional<PooledConnection> connection_;  // empty once the slot is back
  http::Response head_;
  bool ended_ = false;  // cleanly
};

}  // namespace tidegauge::pool
