#pragma once

// A Unix socket that passes everything on to another one, both ways, until it is told to cut: for
// tests of what a broken connection to a real Engine costs. A thread of its own, which ends with
// the object. cut() may be called from any thread.

#include <atomic>
#include <cstddef>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tidegauge/util/unique_fd.h"
#include "tidegauge/util/wakeup.h"

namespace tidegauge::test {

class SocketRelay {
 public:
  /// Listens at `path`; connects to `target` for each connection that it gets.
  SocketRelay(const std::string& path, std::string target);
  ~SocketRelay();
  SocketRelay(const SocketRelay&) = delete;
  SocketRelay& operator=(const SocketRelay&) = delete;

  /// Closes the connections of the moment, and goes on taking new ones.
  void cut();

 private:
  using Pair = std::pair<UniqueFd, UniqueFd>;
  void run(const std::stop_token& stop);
  void take_connection();
  static bool pass_on(int from, int to);

  std::string target_;
  UniqueFd listener_;
  Wakeup wakeup_;
  std::atomic<bool> cut_ = false;
  std::vector<Pair> pairs_;
  std::jthread thread_;
};

}  // namespace tidegauge::test
