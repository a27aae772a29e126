#include "web/acceptor.h"

#include <poll.h>

#include <cerrno>
#include <chrono>
#include <utility>

namespace tidegauge::web {

using namespace std::chrono_literals;

namespace {

constexpr auto check_interval = 1s;
constexpr int exhausted_pause_ms = 100;
/// Of one listening socket before the others have their turn.
constexpr int accepted_in_a_row = 64;
/// The HTTP library closes what is shut down within milliseconds; a busy machine takes longer.
constexpr auto room_limit = 1s;

/// What a client does not read stays in the kernel, which would take megabytes for each. The kernel
/// doubles the number for its own bookkeeping.
constexpr int send_buffer_bytes = 64 * 1024;

}  // namespace

Acceptor::Acceptor(std::vector<Listener> listeners, ConnectionTable& connections,
                   std::function<void(Accepted)> serve, std::function<void(SteadyTime now)> check,
                   ThreadGuard& guard)
    : listeners_(std::move(listeners)),
      connections_(connections),
      serve_(std::move(serve)),
      check_(std::move(check)),
      guard_(guard),
      thread_([this](const std::stop_token& stop) {
        guard_.run("acceptor", stop, [&] { run(stop); });
      }) {}

Acceptor::~Acceptor() {
  thread_.request_stop();
  stopped_.signal();
}

void Acceptor::run(const std::stop_token& stop) {
  auto next_check = steady_now();
  while (!stop.stop_requested()) {
    std::vector<pollfd> watched{{.fd = stopped_.fd(), .events = POLLIN, .revents = 0}};
    for (const auto& listener : listeners_) {
      const int socket = is_exhausted_ ? -1 : listener.socket.get();
      watched.push_back({.fd = socket, .events = POLLIN, .revents = 0});
    }
    const bool nothing_to_check = connections_.size() == 0;
    constexpr int check_interval_ms = Milliseconds(check_interval).count();
    const int timeout =
        is_exhausted_ ? exhausted_pause_ms : (nothing_to_check ? -1 : check_interval_ms);
    ::poll(watched.data(), watched.size(), timeout);
    is_exhausted_ = false;
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
      if (watched[i + 1].revents != 0) accept_all(listeners_[i]);
    }
    if (steady_now() < next_check) continue;
    check_(steady_now());
    next_check = steady_now() + check_interval;
  }
}

void Acceptor::accept_all(const Listener& listener) {
  for (int i = 0; i < accepted_in_a_row; ++i) {
    if (!accept_one(listener)) return;
  }
}

/// False where no connection waits.
bool Acceptor::accept_one(const Listener& listener) {
  if (!connections_.wait_for_room(steady_now() + room_limit)) return false;
  Accepted accepted;
  accepted.socket =
      UniqueFd(::accept4(listener.socket.get(), reinterpret_cast<sockaddr*>(&accepted.address),
                         &accepted.length, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!accepted.socket.valid()) {
    is_exhausted_ = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    return errno == ECONNABORTED || errno == EINTR;
  }
  const int socket = accepted.socket.get();
  ::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &send_buffer_bytes, sizeof send_buffer_bytes);
  if (listener.is_private) {
    accepted.peer = {.address = "health", .is_local = true, .is_private = true};
  } else {
    accepted.peer = peer_of(accepted.address);
  }
  connections_.admit(socket, accepted.peer, steady_now());
  serve_(std::move(accepted));
  return true;
}

}  // namespace tidegauge::web
