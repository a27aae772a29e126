#include "tidegauge/pool/pooled_stream.h"

#include <utility>

#include "pool/pool_state.h"

namespace tidegauge::pool {

Result<PooledStream> PooledStream::open(PooledConnection connection, const http::Request& request,
                                        const std::stop_token& stop) {
  auto& state = *connection.state_;
  auto head = connection.connection_->open_stream(request, stop);
  state.record_transfer(connection.slot_, close_reason(head));
  if (!head) {
    state.record_failure(connection.slot_, head.error());
    return fail(head.error());
  }
  state.record_answer(connection.slot_);
  return PooledStream(std::move(connection), std::move(*head));
}

PooledStream::PooledStream(PooledConnection connection, http::Response head)
    : connection_(std::move(connection)), head_(std::move(head)) {}

PooledStream& PooledStream::operator=(PooledStream&& other) noexcept {
  if (this == &other) return *this;
  close();
  connection_ = std::move(other.connection_);
  head_ = std::move(other.head_);
  ended_ = other.ended_;
  return *this;
}

PooledStream::~PooledStream() {
  close();
}

Result<std::size_t> PooledStream::read(std::span<char> into, SteadyTime deadline,
                                       const std::stop_token& stop) {
  if (ended_) return 0U;
  if (!connection_) return fail(Errc::closed, "the stream is closed");
  auto size = connection_->connection_->read(into, deadline, stop);
  if (size && *size > 0) return size;
  auto& state = *connection_->state_;
  if (!size && size.error().code == Errc::timeout) return size;
  if (!size && size.error().code == Errc::cancelled) {
    if (stop.stop_requested()) return size;
    return fail(Errc::engine_down, "the Engine is down; the stream is left open");
  }
  ended_ = size.has_value();
  state.record_transfer(connection_->slot_,
                        ended_ ? model::CloseReason::peer_closed : close_reason(size.error().code));
  if (!ended_) state.record_failure(connection_->slot_, size.error());
  connection_.reset();
  if (!size && size.error().code == Errc::engine_down) {
    return fail(Errc::connection_lost, "the Engine that the stream came from has gone");
  }
  return size;
}

void PooledStream::close() noexcept {
  if (!connection_ || !connection_->state_) return;
  connection_->state_->close_socket(connection_->slot_, model::CloseReason::stream_aborted);
  connection_.reset();
}

}  // namespace tidegauge::pool
