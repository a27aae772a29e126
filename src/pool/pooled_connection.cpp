#include "tidegauge/pool/pooled_connection.h"

#include <utility>

#include "pool/pool_state.h"

namespace tidegauge::pool {

PooledConnection::PooledConnection(std::shared_ptr<PoolState> state, SlotIndex slot)
    : PooledConnection(std::move(state), slot, nullptr) {
  connection_ = &state_->prepare(slot);  // if it throws, the destructor returns the slot
}

PooledConnection::PooledConnection(std::shared_ptr<PoolState> state, SlotIndex slot,
                                   http::Connection* connection) noexcept
    : state_(std::move(state)), slot_(slot), connection_(connection) {}

PooledConnection::PooledConnection(PooledConnection&& other) noexcept
    : state_(std::move(other.state_)), slot_(other.slot_), connection_(other.connection_) {}

PooledConnection& PooledConnection::operator=(PooledConnection&& other) noexcept {
  if (this == &other) return *this;
  release();
  state_ = std::move(other.state_);
  slot_ = other.slot_;
  connection_ = other.connection_;
  return *this;
}

PooledConnection::~PooledConnection() {
  release();
}

void PooledConnection::release() noexcept {
  if (!state_) return;
  state_->release(slot_);
  state_.reset();
}

Result<http::Response> PooledConnection::perform(const http::Request& request,
                                                 const std::stop_token& stop) {
  auto result = connection_->perform(request, stop);
  state_->record_transfer(slot_, close_reason(result));
  if (!result && died_idle(connection_->last_transfer(), result.error())) {
    state_->count_stale_retry();
    result = connection_->perform(request, stop);
    state_->record_transfer(slot_, close_reason(result));
  }
  if (result) {
    state_->record_answer(slot_);
  } else {
    state_->record_failure(slot_, result.error());
  }
  return result;
}

}  // namespace tidegauge::pool
