#pragma once

// A Unix socket that passes everything on to another one, both ways, until it is told to cut: for
// tests of what a broken connection to a real Engine costs. A thread of its own, which ends with
// the object. cut() may be called from any thread.

#include <atomic>
#include <string>
#include <thread>
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
  /// Closes only those on which the client has asked for `/events`.
  void cut_event_streams();

 private:
  struct Pair {
    UniqueFd client;
    UniqueFd target;
    bool has_events = false;  ///< its last request was for them
    bool is_over = false;
  };
  void run(const std::stop_token& stop);
  void take_connection();
  static void pass_on_request(Pair& pair);
  static void pass_on_answer(Pair& pair);

  std::string target_;
  UniqueFd listener_;
  Wakeup wakeup_;
  std::atomic<bool> cut_ = false;
  std::atomic<bool> cut_event_streams_ = false;
  std::vector<Pair> pairs_;
  std::jthread thread_;
};

}  // namespace tidegauge::test
