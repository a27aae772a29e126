#pragma once

// What the server answers: checks a request and the right to it, finds its route and calls the
// handler. Knows nothing about sockets or the HTTP library. Thread-safe, as handlers are.

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/util/thread_guard.h"
#include "tidegauge/web/messages.h"
#include "web/access_control.h"
#include "web/peer.h"
#include "web/request_head.h"

namespace tidegauge::web {

/// The name of the server's threads in the log and in metrics.
inline constexpr std::string_view web_thread = "web";

class Site {
 public:
  /// `access` and `guard` outlive this.
  Site(std::vector<Route> routes, std::vector<std::string> private_paths, AccessControl& access,
       ThreadGuard& guard);

  /// What is wrong with a request is refused before its body, if any, is read.
  [[nodiscard]] std::expected<Request, Response> parse(const RequestHead& head) const;
  /// Calls `respond` once, before it returns or later. `request` is what `head` was parsed to.
  void handle(const RequestHead& head, Request request, const Peer& peer, Responder respond) const;

  /// The path of the route for `path`, also where `path` is below it; "other" where there is none.
  [[nodiscard]] std::string_view route_name(std::string_view path) const;
  [[nodiscard]] ThreadGuard& guard() const noexcept { return guard_; }

 private:
  void answer(std::string_view method, const Request& request, const Peer& peer,
              Responder respond) const;
  void call(const Route& route, const Request& request, Responder respond) const;
  [[nodiscard]] const Route* find(std::string_view path, const Peer& peer) const;
  [[nodiscard]] const Route* find(std::string_view path) const;

  const std::vector<Route> routes_;
  const std::vector<std::string> private_paths_;
  AccessControl& access_;
  ThreadGuard& guard_;
};

}  // namespace tidegauge::web
