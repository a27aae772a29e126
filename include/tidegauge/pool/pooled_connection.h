#pragma once

// The lease of a connection: its holder sends requests on it, one at a time. The destructor returns
// the connection to the pool, even after the pool was closed. Move-only. One thread uses it at a
// time.

#include <memory>
#include <stop_token>

#include "tidegauge/http/connection.h"
#include "tidegauge/model/error.h"
#include "tidegauge/pool/lease_core.h"
#include "tidegauge/util/time.h"

namespace tidegauge::pool {

class PoolState;

class PooledConnection {
 public:
  PooledConnection(PooledConnection&& other) noexcept;
  PooledConnection& operator=(PooledConnection&& other) noexcept;
  PooledConnection(const PooledConnection&) = delete;
  PooledConnection& operator=(const PooledConnection&) = delete;
  ~PooledConnection();

  /// Sends one request. A failure closes the socket, and the next request opens another one. Where
  /// a kept socket is dead before the first byte of the response, the request is sent once more on
  /// a new socket, and counted. Every request of this program only reads, so it may be sent twice.
  [[nodiscard]] Result<http::Response> perform(const http::Request& request,
                                               const std::stop_token& stop = {});

 private:
  friend class ConnectionPool;
  friend class PooledStream;
  PooledConnection(std::shared_ptr<PoolState> state, SlotIndex slot);
  PooledConnection(std::shared_ptr<PoolState> state, SlotIndex slot,
                   http::Connection* connection) noexcept;
  void release() noexcept;
  void log_request(const http::Request& request, const Result<http::Response>& result,
                   SteadyTime::duration took) const;

  std::shared_ptr<PoolState> state_;  // empty when moved from
  SlotIndex slot_ = 0;
  http::Connection* connection_ = nullptr;  // of the slot
};

}  // namespace tidegauge::pool
