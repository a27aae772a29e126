#pragma once

// A Docker Engine that exists only as its API: containers with believable numbers that move, a life
// of their own, and every kind of misbehaviour on command. For tests, in their own process:
//
//   test::TemporaryDirectory directory;
//   test::SimulatedEngine engine({.socket_path = directory.file("docker.sock"), .containers = 10});
//   engine.host().stop("web-1");                       // scripts the life of a container
//   engine.set_fault({.kind = FaultKind::hang, .call = EngineCall::stats, .container = "api-1"});
//   engine.calls(EngineCall::stats);                   // how often it was asked
//   engine.server().freeze();                          // kill -STOP; thaw() is kill -CONT
//   engine.server().stop_listening(SocketFile::left);  // kill -KILL, with disconnect_all()
//
// and by hand, as the program `simulated_engine`:
//
//   simulated_engine --socket /tmp/engine.sock --containers 20 --events-per-second 2 &
//   curl --unix-socket /tmp/engine.sock 'http://engine/containers/json?all=1'
//   curl --unix-socket /tmp/engine.sock -N http://engine/v1.41/events
//   curl --unix-socket /tmp/engine.sock -X POST
//     'http://engine/simulation/fault?kind=drip&call=stats&container=web-1&ms=50'
//   curl --unix-socket /tmp/engine.sock -X POST 'http://engine/simulation/oom?container=web-1'
//
// It serves HEAD and GET /_ping, /version, /info, /containers/json[?all=1], /containers/{}/json,
// /containers/{}/stats (always one reading, at once) and /events?since=&until=&filters=, each with
// or without /v1.12 to /v1.41 before it, as Docker 20.10 does. POST /simulation/... takes `fault`
// (kind, call, container, ms: see faults.h), `add`, `remove`, `start`, `stop`, `restart`, `pause`,
// `unpause`, `oom` (container), `kill` (container, signal), `exit` (container, code), `rename`
// (container, to) and `health` (container, status), and answers 204, or 400, 404, 409 and why.
// `life` (rate) changes how often something happens by itself, and once it has answered nothing
// happens at the old rate any more; `truth` answers what a monitor of this Engine must show by now,
// as metrics: the states, and all that has happened.
//
// Thread-safe but for the control functions of `server()` (see http_server.h). Faults hold for
// requests that come after them; an event stream keeps what it began with.

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "simulated_engine/faults.h"
#include "simulated_engine/life.h"
#include "simulated_engine/request_target.h"
#include "simulated_engine/simulated_host.h"
#include "support/http_server.h"

namespace tidegauge::test {

struct SimulatedEngineOptions {
  std::string socket_path;
  std::size_t containers = 10;
  double events_per_second = 0;  ///< how often something happens by itself; 0: nothing does
  std::uint64_t seed = 1;
  WallClock clock = steady_wall_clock();
};

class SimulatedEngine {
 public:
  /// Serves at once; what the system refuses throws std::system_error.
  explicit SimulatedEngine(SimulatedEngineOptions options);

  /// The containers, and everything that can be done to them.
  [[nodiscard]] SimulatedHost& host() { return host_; }
  /// The connections, and everything that can be done to them.
  [[nodiscard]] HttpServer& server() { return server_; }

  void set_fault(Fault fault) { faults_.set(std::move(fault)); }
  void heal() { faults_.set({}); }
  /// How often something happens by itself; 0: nothing does, from now on.
  void set_events_per_second(double rate);

  /// How many requests of this kind have come, whatever they were answered.
  [[nodiscard]] std::uint64_t calls(EngineCall call) const;

 private:
  /// A request that the Engine knows.
  struct Route {
    EngineCall call;
    std::string reference;  ///< to the container, for calls about one
  };
  struct Reply {
    int status = 200;
    std::string body;
  };

  void handle(const Request& request, Exchange& exchange);
  static std::optional<Route> find_route(const std::string& method, const std::string& path);
  void answer(const Route& route, const RequestTarget& target, const Request& request,
              Exchange& exchange);
  Reply reply_to(const Route& route, const RequestTarget& target);
  void stream_events(const RequestTarget& target, const Fault& fault, Exchange& exchange);
  Reply control(const RequestTarget& target);
  Reply control_fault(const RequestTarget& target);
  std::optional<Outcome> control_container(std::string_view action, const RequestTarget& target);
  void live(const std::stop_token& stop);
  [[nodiscard]] std::string truth() const;

  SimulatedHost host_;
  FaultTable faults_;
  std::array<std::atomic<std::uint64_t>, engine_calls.size()> calls_{};
  std::mutex life_mutex_;
  std::condition_variable_any life_changed_;
  Life life_;                 // guarded by life_mutex_
  double events_per_second_;  // likewise
  HttpServer server_;
  std::jthread life_thread_;
};

}  // namespace tidegauge::test
