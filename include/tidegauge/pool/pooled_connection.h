#pragma once

// A borrowed connection: whoever holds it may ask the Engine through it, one call at a time. It
// goes back to its pool when it is destroyed, whatever happened, even after the pool has closed.
// Move-only; not thread-safe, but may be handed to another thread.

#include <memory>
#include <stop_token>

#include "tidegauge/http/connection.h"
#include "tidegauge/model/error.h"
#include "tidegauge/pool/lease_core.h"

namespace tidegauge::pool {

class PoolState;

class PooledConnection {
 public:
  PooledConnection(PooledConnection&& other) noexcept;
  PooledConnection& operator=(PooledConnection&& other) noexcept;
  PooledConnection(const PooledConnection&) = delete;
  PooledConnection& operator=(const PooledConnection&) = delete;
  ~PooledConnection();

  /// One call. A failure closes the socket; the next call opens another one. Where a socket that
  /// had been idle turns out to be dead before the first byte of an answer, the call is sent once
  /// more on a fresh one, and counted: everything this program asks may be asked twice.
  [[nodiscard]] Result<http::Response> perform(const http::Request& request,
                                               const std::stop_token& stop = {});

 private:
  friend class ConnectionPool;
  friend class PooledStream;
  PooledConnection(std::shared_ptr<PoolState> state, SlotIndex slot);
  PooledConnection(std::shared_ptr<PoolState> state, SlotIndex slot,
                   http::Connection* connection) noexcept;
  void release() noexcept;

  std::shared_ptr<PoolState> state_;  // empty when moved from
  SlotIndex slot_ = 0;
  http::Connection* connection_ = nullptr;  // the slot's, ours while we hold the slot
};

}  // namespace tidegauge::pool
