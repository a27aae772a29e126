#pragma once

// The clients that are connected, and which of them has to go so that no client holds up another:
//
//  - A client that does not send a complete request head in time is closed.
//  - A client that reads its answer too slowly is closed.
//  - Where the table is full, a new client takes the place of the connection that has waited
//    longest, among those of the address that has most connections. So a new client is never
//    refused, and an address that opens many connections only displaces its own.
//  - Answers of any size are limited in number, because each holds buffers here and in the kernel.
//    Where the limit is reached, an answer whose client has stopped reading gives way, and if there
//    is none, the new request is refused.
//
// To close a connection is to shut its socket down: the HTTP library, which owns the descriptor,
// sees the end and closes it. The library says so (`closed`) before it closes the descriptor, and
// this class shuts sockets down under its lock, so it never meets a descriptor that has been
// reused.
//
// Used by the acceptor's thread (`admit`, `close_overdue`) and the threads that serve (the others).
// Thread-safe. It outlives both.

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "tidegauge/util/mutex.h"
#include "tidegauge/util/time.h"
#include "tidegauge/web/server.h"
#include "web/peer.h"
#include "web/socket_activity.h"

namespace tidegauge::web {

struct ConnectionLimits {
  std::size_t max_connections = 256;
  std::size_t max_answers = 20;
  Milliseconds head_timeout{5'000};   ///< from the first byte, or the connection, to the whole head
  Milliseconds idle_timeout{75'000};  ///< without a request; longer than most scrape intervals
  Milliseconds rate_window{10'000};   ///< how long the rate of reading is measured
  std::uint64_t min_rate = 4'096;     ///< bytes a second that a client must read in a window
  Milliseconds stalled_after{100};    ///< an answer without progress gives way to another
};

class ConnectionTable {
 public:
  /// `on_closed` is called for each connection that the table closes, outside of the lock.
  ConnectionTable(const ConnectionLimits& limits, SocketActivity activity,
                  std::function<void(CloseReason)> on_closed);

  /// A new connection. Where the table is full, another one is shut down.
  void admit(int socket, Peer peer, SteadyTime now) EXCLUDES(mutex_);
  /// Waits until connections that are shut down are closed, if there are too many of them: the
  /// library has a limit of its own, `hard_limit`. False where that takes longer than until
  /// `deadline`.
  bool wait_for_room(SteadyTime deadline) EXCLUDES(mutex_);
  /// Shuts down what has taken too long.
  void close_overdue(SteadyTime now) EXCLUDES(mutex_);

  /// The library serves the connection from now on. Returns whose connection it is.
  Peer started(int socket, SteadyTime now) EXCLUDES(mutex_);
  /// The library is about to close the descriptor, or did not take it.
  void closed(int socket) EXCLUDES(mutex_);
  /// A request head is complete.
  void head_received(int socket, SteadyTime now) EXCLUDES(mutex_);
  /// Asks for a large answer. False: it must be refused, as there are too many.
  bool begin_answer(int socket, SteadyTime now) EXCLUDES(mutex_);
  /// The client has taken `bytes` more, or rather the kernel for it.
  void answer_progressed(int socket, std::size_t bytes, SteadyTime now) EXCLUDES(mutex_);
  /// The request is answered, or has failed.
  void request_finished(int socket, SteadyTime now) EXCLUDES(mutex_);

  [[nodiscard]] std::size_t size() const EXCLUDES(mutex_);
  /// Large answers that are not yet read completely, as far as is known.
  [[nodiscard]] std::size_t answers() EXCLUDES(mutex_);
  /// Connections that the library must be able to hold, those that are shut down included.
  [[nodiscard]] std::size_t hard_limit() const noexcept;

 private:
  enum class State : std::uint8_t {
    admitted,   ///< the library has not started it yet
    waiting,    ///< for a request head
    answering,  ///< a head is complete
    draining    ///< the last of a large answer is in the kernel's buffer
  };
  /// How many connections each address has, without those that are shut down.
  using Addresses = std::unordered_map<std::string, std::size_t>;
  struct Connection {
    Peer peer;
    Addresses::value_type* address;
    State state = State::admitted;
    bool has_shut_down = false;
    bool is_large = false;                 ///< the answer counts towards max_answers
    bool has_served = false;               ///< a request at least
    SteadyTime since;                      ///< of the state
    std::optional<SteadyTime> head_begun;  ///< of a kept-alive connection's next request
    std::uint64_t received_before = 0;     ///< bytes, when the last request was finished
    std::uint64_t produced = 0;            ///< bytes of the answer that the kernel has taken
    std::uint64_t taken_before = 0;        ///< bytes that the client had taken at `window_begin`
    SteadyTime window_begin;
    SteadyTime last_progress;
  };
  using Connections = std::unordered_map<int, Connection>;

  bool evict_one() REQUIRES(mutex_);
  bool evict_stalled_answer(SteadyTime now) REQUIRES(mutex_);
  template <class MayGo, class Order>
  bool evict(const MayGo& may_go, const Order& order) REQUIRES(mutex_);
  void shut_down(Connections::value_type& entry) REQUIRES(mutex_);
  void leave(const Connection& connection) REQUIRES(mutex_);
  void forget_lost(SteadyTime now) REQUIRES(mutex_);
  std::optional<CloseReason> fault_of(Connections::value_type& entry, SteadyTime now)
      REQUIRES(mutex_);
  std::optional<CloseReason> fault_of_waiting(Connections::value_type& entry, SteadyTime now)
      REQUIRES(mutex_);
  bool reads_too_slowly(Connections::value_type& entry, SteadyTime now) REQUIRES(mutex_);
  std::size_t count_answers() REQUIRES(mutex_);

  const ConnectionLimits limits_;
  const SocketActivity activity_;
  const std::function<void(CloseReason)> on_closed_;

  mutable Mutex mutex_;
  std::condition_variable closed_;
  Connections connections_ GUARDED_BY(mutex_);
  Addresses addresses_ GUARDED_BY(mutex_);
  std::size_t shut_down_ GUARDED_BY(mutex_) = 0;  ///< how many are shut down and not yet closed
};

}  // namespace tidegauge::web
