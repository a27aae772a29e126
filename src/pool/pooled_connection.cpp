#include "tidegauge/pool/pooled_connection.h"

#include <chrono>
#include <string>
#include <utility>

#include "pool/pool_state.h"
#include "tidegauge/util/time.h"
#include "tidegauge/util/utf8.h"

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
  const auto begin = steady_now();
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
  if (state_->logger.writes(LogLevel::debug)) log_request(request, result, steady_now() - begin);
  return result;
}

void PooledConnection::log_request(const http::Request& request,
                                   const Result<http::Response>& result,
                                   SteadyTime::duration took) const {
  constexpr std::size_t longest_target = 512;
  state_->logger.debug(
      "asked the Engine",
      {{"endpoint", state_->name},
       {"method", request.method == http::Method::head ? "HEAD" : "GET"},
       {"target", one_line(request.target, longest_target)},
       {"result", result ? std::to_string(result->status) : result.error().message},
       {"bytes", result ? result->body.size() : 0},
       {"seconds", std::chrono::duration<double>(took).count()}});
}

}  // namespace tidegauge::pool
