#include "tidegauge/pool/connection_pool.h"

#include <utility>

#include "pool/pool_maintenance.h"
#include "pool/pool_state.h"

namespace tidegauge::pool {

ConnectionPool::ConnectionPool(std::string name, const model::EngineAddress& address,
                               const config::PoolConfig& options,
                               std::unique_ptr<http::Transport> transport, Logger& logger,
                               std::function<void()> wake)
    : state_(std::make_shared<PoolState>(std::move(name), address, options, std::move(transport),
                                         logger, std::move(wake))),
      maintenance_(std::make_unique<PoolMaintenance>(*state_)) {}

ConnectionPool::~ConnectionPool() {
  close(steady_now());
}

Result<PooledConnection> ConnectionPool::get_connection(const CallTag& tag,
                                                        const std::stop_token& stop,
                                                        std::source_location place) {
  return acquire(tag, steady_now() + state_->options.connection_timeout, stop, place);
}

Result<PooledConnection> ConnectionPool::acquire(const CallTag& tag, SteadyTime deadline,
                                                 const std::stop_token& stop,
                                                 std::source_location place) {
  auto slot = state_->acquire(tag, deadline, stop, place);
  if (!slot) return fail(std::move(slot.error()));
  return PooledConnection(state_, *slot);
}

Result<PooledStream> ConnectionPool::open_stream(const http::Request& request, const CallTag& tag,
                                                 const std::stop_token& stop,
                                                 std::source_location place) {
  const auto slot = state_->acquire_for_stream(tag, stop, place);
  if (!slot) return fail(slot.error());
  return PooledStream::open(PooledConnection(state_, *slot), request, stop);
}

std::vector<model::SlotStats> ConnectionPool::slots() const {
  return state_->slots();
}

model::PoolStats ConnectionPool::stats() const {
  return state_->stats();
}

EngineHealth ConnectionPool::health() const {
  return state_->health();
}

EngineHealth ConnectionPool::wait_for_change(std::uint64_t seen, SteadyTime until,
                                             const std::stop_token& stop) const {
  return state_->wait_for_change(seen, until, stop);
}

Result<void> ConnectionPool::ping_anew(Milliseconds limit, const std::stop_token& stop) const {
  const auto connection = state_->transport->make();
  const auto answer = connection->perform({.method = http::Method::get,
                                           .target = "/_ping",
                                           .limits = {.connect = limit, .total = limit}},
                                          stop);
  if (!answer) return fail(answer.error());
  return {};
}

void ConnectionPool::maintain(SteadyTime now, PollSet& poll_set) {
  maintenance_->run(now, poll_set);
}

CloseReport ConnectionPool::close(SteadyTime deadline) {
  maintenance_->cancel_probes();
  return state_->close(deadline);
}

const std::string& ConnectionPool::name() const noexcept {
  return state_->name;
}

}  // namespace tidegauge::pool
