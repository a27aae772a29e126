#pragma once

// Calls through a pool, for its tests.

#include <cstddef>
#include <string>

#include "support/pool_scene.h"
#include "tidegauge/pool/connection_pool.h"

namespace tidegauge::test {

template <class Enum>
std::size_t index_of(Enum value) {
  return static_cast<std::size_t>(value);
}

inline Result<http::Response> get(pool::PooledConnection& connection) {
  return connection.perform({.target = "/", .limits = patient});
}

/// One call on a connection that is acquired for it.
inline Result<http::Response> call(PoolScene& scene, const std::string& target = "/") {
  auto connection = scene.pool().get_connection();
  if (!connection) return fail(connection.error());
  return connection->perform({.target = target, .limits = patient});
}

}  // namespace tidegauge::test
