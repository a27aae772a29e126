#pragma once

// What every fault scene of a pool comes to: a call through it, and its promises afterwards.

#include <numeric>
#include <string>

#include "support/catch.h"
#include "support/eventually.h"
#include "support/pool_scene.h"

namespace tidegauge::test {

/// One call on a connection that is borrowed for it.
inline Result<http::Response> ask(pool::ConnectionPool& pool, const std::string& target = "/",
                                  const http::Limits& limits = patient) {
  auto connection = pool.get_connection();
  if (!connection) return fail(connection.error());
  return connection->perform({.target = target, .limits = limits});
}

template <class Enum>
std::size_t index_of(Enum value) {
  return static_cast<std::size_t>(value);
}

/// Everything has come back, and every socket that was opened is open or was counted as closed.
inline bool adds_up(const model::PoolStats& stats) {
  const auto closed = std::accumulate(stats.connections_closed.begin(),
                                      stats.connections_closed.end(), std::uint64_t{0});
  return stats.connections_active == 0 && stats.connections_stream == 0 &&
         stats.pending_requests == 0 && stats.connections_created == closed + stats.open_sockets;
}

/// Also beside maintenance, which may be at work on a socket of its own.
inline void check_pool_invariants(pool::ConnectionPool& pool) {
  CHECK(eventually([&] { return adds_up(pool.stats()); }));
}

}  // namespace tidegauge::test
