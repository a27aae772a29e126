#pragma once

// Accepts the connections of all listening sockets on a thread of its own, lets the table make room
// for each, and gives it to the HTTP library. Once a second it has `check` close what has taken too
// long. Made by Server.

#include <sys/socket.h>

#include <functional>
#include <stop_token>
#include <thread>
#include <vector>

#include "tidegauge/util/thread_guard.h"
#include "tidegauge/util/unique_fd.h"
#include "tidegauge/util/wakeup.h"
#include "web/connection_table.h"
#include "web/peer.h"

namespace tidegauge::web {

struct Listener {
  UniqueFd socket;
  bool is_private = false;
};

/// A connection that is in the table.
struct Accepted {
  UniqueFd socket;
  sockaddr_storage address{};
  socklen_t length = sizeof(sockaddr_storage);
  Peer peer;
};

class Acceptor {
 public:
  /// `serve` takes the connections, and `check` is called once a second while there are any, both
  /// on the acceptor's thread. Everything that is referred to outlives this.
  Acceptor(std::vector<Listener> listeners, ConnectionTable& connections,
           std::function<void(Accepted)> serve, std::function<void(SteadyTime now)> check,
           ThreadGuard& guard);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

 private:
  void run(const std::stop_token& stop);
  void accept_all(const Listener& listener);
  bool accept_one(const Listener& listener);

  const std::vector<Listener> listeners_;
  ConnectionTable& connections_;
  const std::function<void(Accepted)> serve_;
  const std::function<void(SteadyTime now)> check_;
  ThreadGuard& guard_;
  bool is_exhausted_ = false;  ///< no descriptor is left: accepting pauses
  Wakeup stopped_;
  std::jthread thread_;  // uses the members above: declared last
};

}  // namespace tidegauge::web
