// Engines at the other end of a network: names that do not resolve, hosts that do not answer.

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <vector>

#include "fault/pool_invariants.h"
#include "support/catch.h"
#include "support/eventually.h"
#include "support/http_server.h"
#include "support/log_capture.h"
#include "support/managed_scene.h"
#include "support/nothing_left_behind.h"
#include "support/pool_scene.h"
#include "support/temporary_directory.h"
#include "tidegauge/http/curl_transport.h"
#include "tidegauge/pool/pool_manager.h"
#include "tidegauge/util/unique_fd.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using model::EngineAddress;
using test::ask;
using test::HttpServer;
using test::value_of;

namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// A host of which nothing comes back, neither yes nor no: its queue of connections is full.
class BlackHole {
 public:
  BlackHole() : server_(test::LoopbackTcp{}, test::answer, {.backlog = 0}) {
    server_.freeze();
    const auto address = loopback(server_.port());
    for (int i = 0; i < 4; ++i) {
      filling_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      ::connect(filling_.back().get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
  }

  [[nodiscard]] EngineAddress address() const {
    return {.scheme = EngineAddress::Scheme::tcp,
            .path = "",
            .host = "127.0.0.1",
            .port = server_.port()};
  }
  /// Answers from now on, also those who have been asking all the while.
  void end() { server_.thaw(); }

 private:
  HttpServer server_;
  std::vector<UniqueFd> filling_;
};

/// Mounts and a network of this thread's own, and of those that it starts meanwhile. The network
/// is a loopback interface alone.
class PrivateNetwork {
 public:
  PrivateNetwork() : mounts_(namespace_of("mnt")), network_(namespace_of("net")) {
    made_ = ::unshare(CLONE_NEWNS | CLONE_NEWNET) == 0;
    if (!made_) return;
    ifreq loopback_up{};
    loopback_up.ifr_name[0] = 'l';
    loopback_up.ifr_name[1] = 'o';
    loopback_up.ifr_flags = IFF_UP;
    const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::ioctl(socket.get(), SIOCSIFFLAGS, &loopback_up) != 0) {
      throw std::system_error(errno, std::generic_category(), "a network of its own");
    }
  }
  PrivateNetwork(const PrivateNetwork&) = delete;
  PrivateNetwork& operator=(const PrivateNetwork&) = delete;
  ~PrivateNetwork() {
    if (!made_) return;
    CHECK(::setns(network_.get(), CLONE_NEWNET) == 0);
    CHECK(::setns(mounts_.get(), CLONE_NEWNS) == 0);
  }

  [[nodiscard]] bool made() const { return made_; }

 private:
  static UniqueFd namespace_of(const std::string& kind) {
    return UniqueFd(::open(("/proc/thread-self/ns/" + kind).c_str(), O_RDONLY | O_CLOEXEC));
  }

  UniqueFd mounts_;
  UniqueFd network_;
  bool made_ = false;
};

/// A name server that takes questions and does not answer; glibc waits for it for ten seconds.
class SilentNameServer {
 public:
  SilentNameServer() {
    const auto address = loopback(53);
    REQUIRE(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
            0);
  }
  /// Answers what has been asked so far: there is no such name.
  void speak() const {
    std::array<unsigned char, 512> message{};
    sockaddr_in from{};
    auto* const sender = reinterpret_cast<sockaddr*>(&from);
    while (true) {
      socklen_t size = sizeof from;
      const auto got = ::recvfrom(socket_.get(), message.data(), message.size(), 0, sender, &size);
      if (got < 0) return;
      message[2] |= 0x80;  // an answer
      message[3] = 3;      // NXDOMAIN
      ::sendto(socket_.get(), message.data(), static_cast<std::size_t>(got), 0, sender, size);
    }
  }

 private:
  UniqueFd socket_{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
};

/// Two Engines in one process: the good one and another.
struct TwoEngines {
  explicit TwoEngines(EngineAddress other)
      : pools({{.name = "good", .address = {.path = directory.file("docker.sock")}},
               {.name = "other", .address = std::move(other)}},
              test::quick(), http::make_curl_transport, log.logger(), guard) {}

  test::TemporaryDirectory directory;
  HttpServer server{directory.file("docker.sock"), test::answer};
  test::LogCapture log;
  ThreadGuard guard{log.logger()};
  pool::PoolManager pools;

  [[nodiscard]] bool other_is_down() {
    return test::eventually([&] { return !pools.pool("other").health().up; });
  }
  /// Through `rounds` failed probes of the other one, the good one is up and answers every call.
  void check_that_the_good_one_goes_on(std::uint64_t rounds) {
    const auto failed = [&] { return pools.pool("other").stats().probes_failed; };
    const auto enough = failed() + rounds;
    while (failed() < enough) value_of(ask(pools.pool("good")));
    CHECK(pools.pool("good").stats().probes_failed == 0);
    CHECK(pools.pool("good").health().up);
  }
};

}  // namespace

TEST_CASE("a host that takes no connections does not delay another Engine's pool") {
  const BlackHole hole;
  TwoEngines engines(hole.address());
  REQUIRE(engines.other_is_down());
  engines.check_that_the_good_one_goes_on(2);
}

TEST_CASE("a slow connection is used as soon as it is open") {
  BlackHole hole;
  test::LogCapture log;
  auto options = test::quick();
  options.connect_timeout = options.probe_timeout = 20s;
  ThreadGuard guard(log.logger());
  pool::PoolManager pools({{.name = "slow", .address = hole.address()}}, options,
                          http::make_curl_transport, log.logger(), guard);
  auto& pool = pools.pool("slow");
  REQUIRE(test::eventually([&] { return pool.stats().open_sockets > 0; }));
  hole.end();  // and with its first repetition, a second after it, the question gets there
  CHECK(test::eventually([&] { return pool.stats().connections_idle > 0; }));
  CHECK(pool.stats().probes_failed == 0);
}

// --- a host with two addresses -------------------------------------------------------------------

namespace {

/// One of the two addresses of localhost, whose queue of connections is full at first. Nobody
/// listens on its port at the other.
class SlowLocalhost {
 public:
  explicit SlowLocalhost(int family) : family_(family), listener_(tcp_socket()) {
    sockaddr_in v4 = loopback(0);
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_addr = in6addr_loopback;
    const bool is_v4 = family == AF_INET;
    auto* const address =
        is_v4 ? reinterpret_cast<sockaddr*>(&v4) : reinterpret_cast<sockaddr*>(&v6);
    socklen_t size = is_v4 ? sizeof v4 : sizeof v6;
    works_ = ::bind(listener_.get(), address, size) == 0 && ::listen(listener_.get(), 0) == 0 &&
             ::getsockname(listener_.get(), address, &size) == 0;
    port_ = ntohs(is_v4 ? v4.sin_port : v6.sin6_port);
    for (int i = 0; works_ && i < 4; ++i) {
      filling_.push_back(tcp_socket());
      ::connect(filling_.back().get(), address, size);
    }
  }

  [[nodiscard]] bool works() const { return works_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }

  /// Takes connections from now on, and answers on each that asks.
  void serve() {
    while (true) {
      UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!socket.valid()) break;
      accepted_.push_back(std::move(socket));
    }
    constexpr std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    std::array<char, 1000> request{};
    for (const auto& socket : accepted_) {
      if (::recv(socket.get(), request.data(), request.size(), 0) <= 0) continue;
      ::send(socket.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    }
  }

 private:
  [[nodiscard]] UniqueFd tcp_socket() const {
    return UniqueFd(::socket(family_, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  }

  int family_;
  UniqueFd listener_;
  std::uint16_t port_ = 0;
  bool works_ = false;
  std::vector<UniqueFd> filling_;
  std::vector<UniqueFd> accepted_;
};

}  // namespace

TEST_CASE("the pool watches the socket of the address that wins the race") {
  // libcurl begins with one of them: with that the race is on.
  SlowLocalhost host(GENERATE(AF_INET, AF_INET6));
  if (!host.works()) {
    WARN("NOT TESTED: this machine has no IPv6");
    return;
  }
  http::CurlTransport transport(
      {.scheme = EngineAddress::Scheme::tcp, .path = "", .host = "localhost", .port = host.port()});
  const auto connection = transport.make();
  const auto start = steady_now();
  connection->begin({.target = "/", .limits = {.total = 20s}});
  auto outcome = connection->advance(steady_now());
  while (!outcome) {
    connection->wait(steady_now() + 10ms);
    outcome = connection->advance(steady_now());
    // libcurl tries the other address after 200 ms, the kernel this one again after a second.
    if (steady_now() - start > 400ms) host.serve();
  }
  value_of(*outcome);
  CHECK(transport.open_sockets() == 1);
  CHECK(connection->fd() >= 0);
  CHECK(connection->alive());
  connection->close();
  CHECK(transport.open_sockets() == 0);
}

TEST_CASE("a silent name server delays only the Engine whose name it resolves") {
  const test::NothingLeftBehind nothing_left_behind;
  const PrivateNetwork network;
  if (!network.made()) {
    WARN("NOT TESTED: a network namespace needs root");
    return;
  }
  const test::TemporaryDirectory directory;
  const auto resolver = directory.write("resolv.conf", "nameserver 127.0.0.1\n");
  const auto hosts = directory.write("nsswitch.conf", "hosts: dns\n");
  REQUIRE(::mount(resolver.c_str(), "/etc/resolv.conf", nullptr, MS_BIND, nullptr) == 0);
  REQUIRE(::mount(hosts.c_str(), "/etc/nsswitch.conf", nullptr, MS_BIND, nullptr) == 0);
  const SilentNameServer name_server;
  const auto threads = test::running_threads();
  const auto started = steady_now();
  {
    TwoEngines engines(
        {.scheme = EngineAddress::Scheme::tcp, .path = "", .host = "engine.example", .port = 2375});
    REQUIRE(engines.other_is_down());
    engines.check_that_the_good_one_goes_on(2);
  }
  // The end of the pools included. Waiting for a resolver's thread even once would take ten.
  CHECK(steady_now() - started < 9s);
  CHECK(test::eventually([&] {
    name_server.speak();
    return std::ranges::includes(threads, test::running_threads());
  }));
}
