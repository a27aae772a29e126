#pragma once

// A borrowed connection with an answer that is read piece by piece: events, logs. It owns its slot,
// one of `pool.max_streams`, and gives it back when the stream ends or fails, when it is closed, or
// when this is destroyed. Move-only; used by one thread at a time.
//
// A slow reader makes the Engine wait: no more than 128 KiB are held here.
//
// An outage does not end a stream: an Engine that is stopping takes no calls any more and still
// tells on its streams how its containers end. `read` says Errc::engine_down once and goes on. The
// stream ends when the Engine ends it, else 30 s after the outage has begun, or a second after the
// Engine is up again: whichever is first. Whoever wants none of that closes the stream.

#include <optional>
#include <span>
#include <stop_token>

#include "tidegauge/http/connection.h"
#include "tidegauge/pool/pooled_connection.h"

namespace tidegauge::pool {

class PooledStream {
 public:
  /// Asks on a connection that was borrowed for a stream, and waits for the answer's head.
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

  /// The next piece; 0 at the clean end, and ever after. Errc::timeout at the deadline,
  /// Errc::cancelled, and Errc::engine_down, once for each outage, leave the stream as it is; every
  /// other error has ended it.
  [[nodiscard]] Result<std::size_t> read(std::span<char> into, SteadyTime deadline,
                                         const std::stop_token& stop = {});

  /// Gives the slot back at once; the socket of a stream in progress is closed.
  void close() noexcept;

 private:
  PooledStream(PooledConnection connection, http::Response head);

  std::optional<PooledConnection> connection_;  // empty once the slot is back
  http::Response head_;
  bool ended_ = false;  // cleanly
};

}  // namespace tidegauge::pool
