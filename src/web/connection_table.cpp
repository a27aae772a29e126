#include "web/connection_table.h"

#include <sys/socket.h>

#include <iterator>
#include <utility>

namespace tidegauge::web {
namespace {

/// Connections that may be shut down and not yet closed, beyond the limit.
constexpr std::size_t closing_connections = 64;

/// The library has lost a connection that it has not started for so long.
constexpr Milliseconds lost_after{30'000};

}  // namespace

ConnectionTable::ConnectionTable(const ConnectionLimits& limits, SocketActivity activity,
                                 std::function<void(CloseReason)> on_closed)
    : limits_(limits), activity_(std::move(activity)), on_closed_(std::move(on_closed)) {}

void ConnectionTable::admit(int socket, Peer peer, SteadyTime now) {
  closed(socket);  // a connection of that number is one that the library has lost
  bool has_evicted = false;
  {
    const MutexLock lock(mutex_);
    if (connections_.size() - shut_down_ >= limits_.max_connections) has_evicted = evict_one();
    auto& address = *addresses_.try_emplace(peer.address).first;
    ++address.second;
    connections_.try_emplace(socket, Connection{.peer = std::move(peer),
                                                .address = &address,
                                                .since = now,
                                                .window_begin = now,
                                                .last_progress = now});
  }
  if (has_evicted) on_closed_(CloseReason::evicted);
}

bool ConnectionTable::wait_for_room(SteadyTime deadline) {
  MutexLock lock(mutex_);
  while (connections_.size() >= hard_limit()) {
    if (closed_.wait_until(lock.native(), deadline) == std::cv_status::timeout) return false;
  }
  return true;
}

void ConnectionTable::close_overdue(SteadyTime now) {
  std::vector<CloseReason> reasons;
  {
    const MutexLock lock(mutex_);
    forget_lost(now);
    for (auto& entry : connections_) {
      if (entry.second.has_shut_down) continue;
      const auto reason = fault_of(entry, now);
      if (!reason) continue;
      shut_down(entry);
      reasons.push_back(*reason);
    }
  }
  for (const auto reason : reasons) on_closed_(reason);
}

Peer ConnectionTable::started(int socket, SteadyTime now) {
  const MutexLock lock(mutex_);
  const auto found = connections_.find(socket);
  if (found == connections_.end()) return {};
  found->second.state = State::waiting;
  found->second.since = now;
  return found->second.peer;
}

void ConnectionTable::closed(int socket) {
  {
    const MutexLock lock(mutex_);
    const auto found = connections_.find(socket);
    if (found == connections_.end()) return;
    if (found->second.has_shut_down) {
      --shut_down_;
    } else {
      leave(found->second);
    }
    connections_.erase(found);
  }
  closed_.notify_one();
}

void ConnectionTable::head_received(int socket, SteadyTime now) {
  const MutexLock lock(mutex_);
  const auto found = connections_.find(socket);
  if (found == connections_.end()) return;
  auto& connection = found->second;
  connection.state = State::answering;
  connection.since = connection.last_progress = now;
  connection.is_large = false;
  connection.produced = 0;
}

bool ConnectionTable::begin_answer(int socket, SteadyTime now) {
  bool has_evicted = false;
  {
    const MutexLock lock(mutex_);
    const auto found = connections_.find(socket);
    if (found == connections_.end()) return false;
    if (count_answers() >= limits_.max_answers) {
      has_evicted = evict_stalled_answer(now);
      if (!has_evicted) return false;
    }
    auto& connection = found->second;
    connection.is_large = true;
    connection.window_begin = connection.last_progress = now;
    connection.taken_before = activity_.taken(socket).value_or(0);
  }
  if (has_evicted) on_closed_(CloseReason::evicted);
  return true;
}

void ConnectionTable::answer_progressed(int socket, std::size_t bytes, SteadyTime now) {
  const MutexLock lock(mutex_);
  const auto found = connections_.find(socket);
  if (found == connections_.end()) return;
  found->second.produced += bytes;
  found->second.last_progress = now;
}

void ConnectionTable::request_finished(int socket, SteadyTime now) {
  const MutexLock lock(mutex_);
  const auto found = connections_.find(socket);
  if (found == connections_.end()) return;
  auto& connection = found->second;
  connection.state = connection.is_large ? State::draining : State::waiting;
  connection.since = connection.last_progress = now;
  connection.has_served = true;
  connection.head_begun.reset();
  connection.received_before = activity_.received(socket).value_or(0);
}

std::size_t ConnectionTable::size() const {
  const MutexLock lock(mutex_);
  return connections_.size() - shut_down_;
}

std::size_t ConnectionTable::answers() {
  const MutexLock lock(mutex_);
  return count_answers();
}

std::size_t ConnectionTable::hard_limit() const noexcept {
  return limits_.max_connections + closing_connections;
}

// --- who has to go ------------------------------------------------------------------------------

/// A client whose bytes nobody has read yet stays: that it waits is not its own doing.
bool ConnectionTable::evict_one() {
  return evict(
      [this](const Connections::value_type& entry) {
        return entry.second.state != State::admitted && activity_.unread(entry.first) == 0;
      },
      [](const Connection& connection) {
        // Those that wait for a request go before those that are being answered.
        return std::pair(connection.state == State::answering, connection.since);
      });
}

bool ConnectionTable::evict_stalled_answer(SteadyTime now) {
  return evict(
      [&](const Connections::value_type& entry) {
        return entry.second.is_large && now - entry.second.last_progress >= limits_.stalled_after;
      },
      [](const Connection& connection) { return connection.last_progress; });
}

/// Shuts down one of the connections that `may_go`, of the address that has most of them: the first
/// in `order`.
template <class MayGo, class Order>
bool ConnectionTable::evict(const MayGo& may_go, const Order& order) {
  Connections::value_type* victim = nullptr;
  std::size_t most = 0;
  for (auto& entry : connections_) {
    const auto& connection = entry.second;
    if (connection.has_shut_down) continue;
    const auto count = connection.address->second;
    if (victim != nullptr && count < most) continue;
    if (victim != nullptr && count == most && order(connection) >= order(victim->second)) continue;
    if (!may_go(entry)) continue;  // last, as it may ask the kernel
    victim = &entry;
    most = count;
  }
  if (victim == nullptr) return false;
  shut_down(*victim);
  return true;
}

void ConnectionTable::shut_down(Connections::value_type& entry) {
  ::shutdown(entry.first, SHUT_RDWR);
  entry.second.has_shut_down = true;
  ++shut_down_;
  leave(entry.second);
}

/// They cannot be shut down: the descriptor may be that of another connection by now.
void ConnectionTable::forget_lost(SteadyTime now) {
  for (auto entry = connections_.begin(); entry != connections_.end();) {
    auto& connection = entry->second;
    const bool is_lost = connection.state == State::admitted && now - connection.since > lost_after;
    if (is_lost) leave(connection);
    entry = is_lost ? connections_.erase(entry) : std::next(entry);
  }
}

void ConnectionTable::leave(const Connection& connection) {
  if (--connection.address->second == 0) addresses_.erase(connection.address->first);
}

std::optional<CloseReason> ConnectionTable::fault_of(Connections::value_type& entry,
                                                     SteadyTime now) {
  auto& [socket, connection] = entry;
  if (connection.state == State::waiting) return fault_of_waiting(entry, now);
  if (!connection.is_large) return std::nullopt;
  if (connection.state == State::draining && activity_.unsent(socket) == 0) {
    connection.state = State::waiting;
    connection.is_large = false;
    return std::nullopt;
  }
  if (reads_too_slowly(entry, now)) return CloseReason::slow_reader;
  return std::nullopt;
}

std::optional<CloseReason> ConnectionTable::fault_of_waiting(Connections::value_type& entry,
                                                             SteadyTime now) {
  auto& [socket, connection] = entry;
  if (!connection.has_served) {
    if (now - connection.since > limits_.head_timeout) return CloseReason::head_timeout;
    return std::nullopt;
  }
  if (!connection.head_begun && activity_.received(socket).value_or(0) > connection.received_before)
    connection.head_begun = now;
  if (connection.head_begun && now - *connection.head_begun > limits_.head_timeout)
    return CloseReason::head_timeout;
  if (now - connection.since > limits_.idle_timeout) return CloseReason::idle_timeout;
  return std::nullopt;
}

/// Over each window. For a Unix socket the kernel does not tell what the client has taken: there,
/// it is what the kernel has taken for it, since the beginning of the answer.
bool ConnectionTable::reads_too_slowly(Connections::value_type& entry, SteadyTime now) {
  auto& [socket, connection] = entry;
  const auto elapsed = now - connection.window_begin;
  if (elapsed < limits_.rate_window) return false;
  const auto wanted = to_seconds(elapsed) * static_cast<double>(limits_.min_rate);
  const auto taken = activity_.taken(socket);
  if (!taken) return static_cast<double>(connection.produced) < wanted;
  const auto in_window = *taken - std::exchange(connection.taken_before, *taken);
  connection.window_begin = now;
  return static_cast<double>(in_window) < wanted;
}

/// Answers whose last bytes the client has taken meanwhile do not count.
std::size_t ConnectionTable::count_answers() {
  std::size_t count = 0;
  for (auto& [socket, connection] : connections_) {
    if (!connection.is_large || connection.has_shut_down) continue;
    if (connection.state == State::draining && activity_.unsent(socket) == 0) {
      connection.state = State::waiting;
      connection.is_large = false;
      continue;
    }
    ++count;
  }
  return count;
}

}  // namespace tidegauge::web
