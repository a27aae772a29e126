// What the system refuses, and what it hands on without being asked.

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <functional>
#include <sstream>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "fault/pool_invariants.h"
#include "support/catch.h"
#include "support/child_process.h"
#include "support/http_server.h"
#include "support/managed_scene.h"
#include "support/nothing_left_behind.h"
#include "support/pool_scene.h"
#include "support/temporary_directory.h"
#include "tidegauge/util/unique_fd.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using model::CircuitState;
using test::ask;
using test::check_pool_invariants;
using test::ChildProcess;
using test::contains;
using test::error_of;
using test::eventually;
using test::Exchange;
using test::index_of;
using test::ManagedPool;
using test::ManagedScene;
using test::PoolScene;
using test::quick;
using test::Request;
using test::value_of;

// --- descriptors ---------------------------------------------------------------------------------

namespace {

/// While it lives, this process can open nothing more.
class NoDescriptorLeft {
 public:
  NoDescriptorLeft() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    // All below the lowest free one are in use.
    const UniqueFd lowest_free(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
    auto limit = before_;
    limit.rlim_cur = static_cast<rlim_t>(lowest_free.get());
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
      throw std::system_error(errno, std::generic_category(), "setrlimit");
    }
  }
  NoDescriptorLeft(const NoDescriptorLeft&) = delete;
  NoDescriptorLeft& operator=(const NoDescriptorLeft&) = delete;
  ~NoDescriptorLeft() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

void check_names_the_limit(const Error& error) {
  CHECK(error.code == Errc::system);
  CHECK_THAT(error.message, contains("no descriptor for a connection"));
  CHECK_THAT(error.message, contains("RLIMIT_NOFILE"));
}

}  // namespace

TEST_CASE(
    "a lack of descriptors for a socket is an error with the limit, and the Engine stays up") {
  const test::NothingLeftBehind nothing_left_behind;
  PoolScene scene({}, [](const Request&, Exchange& exchange) {
    exchange.reply(200, {{"Connection", "close"}});
    exchange.close();
  });
  SECTION("nor for what wakes who waits for it") {}
  SECTION("where there has been one before") {
    value_of(ask(scene.pool()));
    REQUIRE(scene.server().await([](const auto& now) { return now.connections_open == 0; }));
  }
  const auto asked = scene.server().counters().requests;
  {
    const NoDescriptorLeft no_descriptor_left;
    for (int i = 0; i < 5; ++i) check_names_the_limit(error_of(ask(scene.pool())));
  }
  CHECK(scene.server().counters().requests == asked);
  CHECK(scene.pool().health().up);
  value_of(ask(scene.pool()));
  CHECK(scene.pool().stats().circuit_transitions[index_of(CircuitState::open)] == 0);
  check_pool_invariants(scene.pool());
}

TEST_CASE("calls go on over an open socket if descriptors are lacking") {
  const test::NothingLeftBehind nothing_left_behind;
  PoolScene scene;
  value_of(ask(scene.pool()));
  {
    const NoDescriptorLeft no_descriptor_left;
    for (int i = 0; i < 10; ++i) value_of(ask(scene.pool()));
    // A second one it cannot have, and that is all.
    const auto first = value_of(scene.pool().get_connection());
    check_names_the_limit(error_of(ask(scene.pool())));
  }
  CHECK(scene.server().counters().connections_accepted == 1);
  check_pool_invariants(scene.pool());
}

TEST_CASE("a lack of descriptors for a stream is the same error, and its slot is released") {
  const test::NothingLeftBehind nothing_left_behind;
  PoolScene scene({.max_streams = 1});
  const http::Request request{.target = "/events", .limits = test::patient};
  {
    const NoDescriptorLeft no_descriptor_left;
    for (int i = 0; i < 5; ++i) {
      check_names_the_limit(error_of(scene.pool().open_stream(request, {})));
    }
  }
  auto stream = value_of(scene.pool().open_stream(request, {}));
  stream.close();
  check_pool_invariants(scene.pool());
}

TEST_CASE("a connection that was made without a free descriptor can be aborted later") {
  const test::NothingLeftBehind nothing_left_behind;
  PoolScene scene({}, [](const Request&, Exchange& exchange) { exchange.hang(); });
  {
    const NoDescriptorLeft no_descriptor_left;
    check_names_the_limit(error_of(ask(scene.pool())));
  }
  const std::jthread caller(
      [&] { CHECK(error_of(ask(scene.pool(), "/", {.total = 20s})).code == Errc::closed); });
  REQUIRE(scene.server().await([](const auto& now) { return now.requests == 1; }));
  CHECK(scene.pool().close(steady_now()).empty());
}

TEST_CASE("maintenance waits if descriptors are lacking, and the Engine stays up") {
  const test::NothingLeftBehind nothing_left_behind;
  auto options = quick();
  options.min_connections = 2;
  ManagedScene scene(options);
  REQUIRE(eventually([&] { return scene.pool().stats().connections_idle == 2; }));
  const auto pings = [&] { return scene.pool().stats().probes_succeeded; };
  {
    auto first = value_of(scene.pool().get_connection());
    auto second = value_of(scene.pool().get_connection());
    const NoDescriptorLeft no_descriptor_left;
    // Two are lent, so that the next ping needs a socket of its own.
    const auto health = scene.pool().health();
    CHECK(scene.pool().wait_for_change(health.version, steady_now() + 1500ms, {}).up);
    check_names_the_limit(error_of(ask(scene.pool())));
    CHECK(scene.pool().health().up);
  }
  const auto before = pings();
  CHECK(eventually([&] { return pings() > before; }));
  value_of(ask(scene.pool()));
  CHECK(scene.log().count("engine is down") == 0);
  check_pool_invariants(scene.pool());
}

// --- what a child process inherits
// -----------------------------------------------------------------

namespace {

/// Of the descriptors that a program started now finds open, those that lead to an Engine, or from
/// one. What libcurl wakes its own waits with leads nowhere, and before libcurl 8 it is inherited.
std::vector<int> inherited_to_engines() {
  ChildProcess listing({"/bin/ls", "/proc/self/fd"});
  REQUIRE(listing.wait() == 0);
  std::istringstream numbers(listing.output());
  std::vector<int> found;
  for (int fd = 0; numbers >> fd;) {
    sockaddr_un ours{};
    sockaddr_un theirs{};
    socklen_t our_size = sizeof ours;
    socklen_t their_size = sizeof theirs;
    const bool socket = fd > STDERR_FILENO &&
                        ::getsockname(fd, reinterpret_cast<sockaddr*>(&ours), &our_size) == 0 &&
                        ::getpeername(fd, reinterpret_cast<sockaddr*>(&theirs), &their_size) == 0;
    if (socket && (ours.sun_path[0] != '\0' || theirs.sun_path[0] != '\0')) found.push_back(fd);
  }
  return found;
}

/// Whether one was found that would be inherited, so that finding none means something.
bool finds_what_is_inherited(const std::string& path) {
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
          0);
  return inherited_to_engines() == std::vector{socket.get()};
}

}  // namespace

TEST_CASE("a child process inherits no connection to the Engine") {
  const test::NothingLeftBehind nothing_left_behind;
  PoolScene scene({}, [](const Request& request, Exchange& exchange) {
    if (request.target != "/events") return void(exchange.reply(200));
    exchange.begin_chunks(200);
    exchange.hang();
  });
  auto connection = value_of(scene.pool().get_connection());
  value_of(connection.perform({.target = "/", .limits = test::patient}));
  const auto stream =
      value_of(scene.pool().open_stream({.target = "/events", .limits = test::patient}, {}));
  REQUIRE(scene.pool().stats().open_sockets == 2);
  CHECK(inherited_to_engines().empty());
  CHECK(finds_what_is_inherited(scene.path()));
}

// --- signals and threads
// ---------------------------------------------------------------------------

namespace {

std::atomic<int> broken_pipes = 0;

/// Counts SIGPIPE while it lives.
class BrokenPipes {
 public:
  BrokenPipes() {
    broken_pipes = 0;
    struct sigaction counting{};
    counting.sa_handler = [](int) { ++broken_pipes; };
    ::sigaction(SIGPIPE, &counting, &before_);
  }
  BrokenPipes(const BrokenPipes&) = delete;
  BrokenPipes& operator=(const BrokenPipes&) = delete;
  ~BrokenPipes() { ::sigaction(SIGPIPE, &before_, nullptr); }

 private:
  struct sigaction before_{};
};

}  // namespace

TEST_CASE("a write to a closed socket is an error without SIGPIPE") {
  const test::NothingLeftBehind nothing_left_behind;
  const BrokenPipes counting;
  // Accepted, and closed at once.
  PoolScene scene({.tuning = {.failure_threshold = 1000}}, test::answer, {.connections = 0});
  for (int i = 0; i < 500; ++i) CHECK_FALSE(ask(scene.pool()));
  PoolScene other;
  for (int i = 0; i < 200; ++i) {
    auto connection = value_of(other.pool().get_connection());
    value_of(connection.perform({.target = "/", .limits = test::patient}));
    other.server().disconnect_all();
    std::ignore = connection.perform({.target = "/", .limits = test::patient});
  }
  CHECK(broken_pipes == 0);
  CHECK(scene.server().counters().requests == 0);
}

TEST_CASE("the pool has one thread, and starts none for calls, streams or outages") {
  const test::NothingLeftBehind nothing_left_behind;
  const test::TemporaryDirectory directory;
  const auto socket = directory.file("docker.sock");
  std::optional<ChildProcess> engine;
  const auto start = [&] {
    engine.emplace(std::vector<std::string>{TIDEGAUGE_SIMULATED_ENGINE, "--socket", socket,
                                            "--events-per-second", "0"});
    REQUIRE(eventually([&] { return engine->output().contains("containers at"); }));
  };
  start();
  const auto before = test::running_threads().size();
  ManagedPool scene(socket, quick());
  REQUIRE(scene.is_warm());
  const auto expect_one_more = [&] { CHECK(test::running_threads().size() == before + 1); };
  expect_one_more();
  for (int i = 0; i < 50; ++i) value_of(ask(scene.pool(), "/version"));
  auto stream =
      value_of(scene.pool().open_stream({.target = "/events", .limits = test::patient}, {}));
  expect_one_more();
  engine.reset();
  REQUIRE(scene.goes_down());
  expect_one_more();
  stream.close();
  start();
  REQUIRE(scene.comes_up());
  expect_one_more();
}

// --- an abort in the middle of connecting
// ----------------------------------------------------------

namespace {

/// Called by this thread's next look at whether its socket has connected.
thread_local std::function<void()> when_connected;

}  // namespace

/// Stands before libc's, for libcurl too: there is no other way into the moment between a
/// connection being there and the request being sent.
extern "C" int getsockopt(int socket, int level, int option, void* value,
                          socklen_t* size) noexcept {
  using GetSockOpt = int (*)(int, int, int, void*, socklen_t*);
  static const auto real = reinterpret_cast<GetSockOpt>(::dlsym(RTLD_NEXT, "getsockopt"));
  const int result = real(socket, level, option, value, size);
  if (level != SOL_SOCKET || option != SO_ERROR) return result;
  if (const auto hook = std::exchange(when_connected, nullptr)) hook();
  return result;
}

TEST_CASE("a call that is aborted when its socket is open sends nothing") {
  const test::NothingLeftBehind nothing_left_behind;
  const test::TemporaryDirectory directory;
  const test::HttpServer server(directory.file("docker.sock"), test::answer);
  http::CurlTransport transport({.path = directory.file("docker.sock")});
  const auto connection = transport.make();
  bool connected = false;
  when_connected = [&] {
    connected = true;
    connection->abort(Errc::engine_down);
  };
  CHECK(error_of(connection->perform({.target = "/unwanted", .limits = test::patient})).code ==
        Errc::engine_down);
  CHECK(connected);
  value_of(connection->perform({.target = "/", .limits = test::patient}));
  CHECK(server.counters().connections_accepted == 2);
  CHECK(server.requests("/unwanted") == 0);
}
