// What may be wrong with the socket at which the Engine should be.

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <filesystem>
#include <system_error>

#include "fault/pool_invariants.h"
#include "support/catch.h"
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
using test::contains;
using test::error_of;
using test::HttpServer;
using test::index_of;
using test::ManagedPool;
using test::PoolScene;
using test::quick;
using test::SocketFile;
using test::value_of;

namespace fs = std::filesystem;

TEST_CASE("an Engine whose directory is made later is found when it starts") {
  const test::NothingLeftBehind nothing_left_behind;
  const test::TemporaryDirectory directory;
  const auto socket = directory.file("run/docker.sock");
  ManagedPool scene(socket, quick());
  REQUIRE(scene.goes_down());
  CHECK_THAT(error_of(ask(scene.pool())).message, contains("no socket at " + socket));

  fs::create_directory(directory.file("run"));
  const HttpServer server(socket, test::answer);
  REQUIRE(scene.comes_up());
  CHECK(scene.log().count("engine is down") == 1);
}

TEST_CASE("a file at the path of the socket is a mistake, not an outage, until it is replaced") {
  const test::NothingLeftBehind nothing_left_behind;
  const test::TemporaryDirectory directory;
  const auto path = directory.write("docker.sock", "");
  ManagedPool scene(path, quick());
  REQUIRE(scene.goes_down());
  const auto error = error_of(ask(scene.pool()));
  CHECK(error.code == Errc::misconfigured);
  CHECK_THAT(error.message, contains("is not a socket; set socket_path"));
  CHECK(scene.pool().stats().circuit_transitions[index_of(CircuitState::open)] == 0);

  const HttpServer server(path, test::answer);  // with a moment when there is neither
  REQUIRE(scene.comes_up());
}

TEST_CASE("a path that is too long for a socket is a mistake, not an outage") {
  const test::NothingLeftBehind nothing_left_behind;
  const test::TemporaryDirectory directory;
  ManagedPool scene(directory.file(std::string(108, 'x')), quick());
  REQUIRE(scene.goes_down());
  const auto error = error_of(ask(scene.pool()));
  CHECK(error.code == Errc::misconfigured);
  CHECK_THAT(error.message, contains("is longer than 107 bytes"));
  CHECK(scene.pool().stats().circuit_transitions[index_of(CircuitState::open)] == 0);
}

namespace {

/// Connections that nobody accepts, as many as the backlog takes.
std::vector<UniqueFd> fill_backlog(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  std::vector<UniqueFd> connected;
  while (true) {
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (::connect(socket.get(), generic, sizeof address) != 0) return connected;
    connected.push_back(std::move(socket));
  }
}

}  // namespace

TEST_CASE("the error of a full backlog differs from that of a missing socket, and comes at once") {
  const test::NothingLeftBehind nothing_left_behind;
  PoolScene scene({.tuning = {.failure_threshold = 1'000'000}}, test::answer, {.backlog = 2});
  scene.server().freeze();
  auto waiting = fill_backlog(scene.path());
  REQUIRE_FALSE(waiting.empty());
  const auto error = error_of(ask(scene.pool()));
  CHECK(error.code == Errc::unreachable);
  CHECK_THAT(error.message, contains("the queue of connections to"));
  CHECK(scene.pool().stats().open_sockets == 0);

  waiting.clear();
  scene.server().thaw();
  CHECK(test::eventually([&] { return ask(scene.pool()).has_value(); }));
  check_pool_invariants(scene.pool());
}

TEST_CASE("a socket with a listener and no Engine behind it is down until there is an Engine") {
  const test::NothingLeftBehind nothing_left_behind;
  const test::TemporaryDirectory directory;
  HttpServer server(directory.file("docker.sock"), test::answer);
  server.freeze();  // as a socket unit of systemd whose service does not start
  ManagedPool scene(directory.file("docker.sock"), quick());
  REQUIRE(scene.goes_down());
  CHECK(error_of(ask(scene.pool())).code == Errc::engine_down);
  REQUIRE(test::eventually([&] { return scene.pool().stats().probes_failed >= 3; }));
  CHECK(scene.pool().stats().open_sockets <= 1);
  CHECK(scene.log().count("level=warn") == 1);

  server.thaw();
  REQUIRE(scene.comes_up());
  value_of(ask(scene.pool(), "/once"));
  CHECK(server.requests("/once") == 1);
}

TEST_CASE("no connection is made to a socket before the Engine's pid file exists") {
  const test::NothingLeftBehind nothing_left_behind;
  const test::TemporaryDirectory directory;
  HttpServer server(directory.file("docker.sock"), test::answer);
  ManagedPool scene({.name = "local",
                     .address = {.path = directory.file("docker.sock")},
                     .engine_pid_file = directory.file("docker.pid")},
                    quick());
  REQUIRE(scene.goes_down());
  REQUIRE(test::eventually([&] { return scene.pool().stats().probes_failed >= 3; }));
  const auto error = error_of(ask(scene.pool()));
  CHECK(error.code == Errc::engine_down);
  CHECK_THAT(error.message, contains("waits for the Engine's process"));
  CHECK(server.counters().connections_accepted == 0);

  std::ignore = directory.write("docker.pid", std::to_string(::getpid()));
  REQUIRE(scene.comes_up());
  value_of(ask(scene.pool(), "/once"));
  CHECK(server.requests("/once") == 1);

  std::filesystem::remove(directory.file("docker.pid"));  // in order: the Engine closes all
  server.disconnect_all();
  REQUIRE(scene.goes_down());
  const auto accepted = server.counters().connections_accepted;
  REQUIRE(test::eventually([&] { return scene.pool().stats().probes_failed >= 6; }));
  CHECK(server.counters().connections_accepted == accepted);
}

TEST_CASE("a call whose socket dies after the check is sent once") {
  const test::NothingLeftBehind nothing_left_behind;
  PoolScene scene;
  value_of(ask(scene.pool()));
  {
    auto connection = value_of(scene.pool().get_connection());
    scene.server().disconnect_all();
    REQUIRE(scene.server().await([](const auto& now) { return now.connections_open == 0; }));
    value_of(connection.perform({.target = "/once", .limits = test::patient}));
  }
  const auto stats = scene.pool().stats();
  CHECK(scene.server().requests("/once") == 1);
  CHECK(stats.connections_created == 2);
  CHECK(stats.silent_reconnects + stats.stale_retries == 1);
  check_pool_invariants(scene.pool());
}

// --- bind mounts: mount namespaces, which need root
// -----------------------------------------------

namespace {

/// Mounts that this thread, and threads that it starts meanwhile, see alone. Those have ended when
/// it goes.
class PrivateMounts {
 public:
  PrivateMounts() : before_(::open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC)) {
    made_ = ::unshare(CLONE_NEWNS) == 0;
    if (!made_) return;
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
      throw std::system_error(errno, std::generic_category(), "mount");
    }
  }
  PrivateMounts(const PrivateMounts&) = delete;
  PrivateMounts& operator=(const PrivateMounts&) = delete;
  ~PrivateMounts() {
    if (made_) CHECK(::setns(before_.get(), CLONE_NEWNS) == 0);
  }

  [[nodiscard]] bool made() const { return made_; }

 private:
  UniqueFd before_;
  bool made_ = false;
};

void bind_mount(const std::string& from, const std::string& to) {
  if (::mount(from.c_str(), to.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    throw std::system_error(errno, std::generic_category(), "mount " + to);
  }
}

}  // namespace

TEST_CASE("the error about a stale bind-mounted socket has the remedy") {
  const test::NothingLeftBehind nothing_left_behind;
  const PrivateMounts mounts;
  if (!mounts.made()) {
    WARN("NOT TESTED: a mount namespace needs root");
    return;
  }
  const test::TemporaryDirectory host;
  const test::TemporaryDirectory container;
  HttpServer server(host.file("docker.sock"), test::answer);
  const auto inside = container.write("docker.sock", "");
  bind_mount(host.file("docker.sock"), inside);
  {
    ManagedPool scene(inside, quick());
    REQUIRE(scene.is_warm());

    server.stop_listening(SocketFile::removed);
    server.disconnect_all();
    server.listen();  // the new Engine's file has the old one's name, and is another
    REQUIRE(scene.goes_down());
    const auto error = error_of(ask(scene.pool()));
    CHECK(error.code == Errc::engine_down);
    CHECK_THAT(error.message, contains("bind-mounted socket file that has outlived its Engine"));
    CHECK_THAT(error.message, contains("mount the directory that holds the socket instead"));

    CHECK(::umount(inside.c_str()) == 0);
    bind_mount(host.file("docker.sock"), inside);
    REQUIRE(scene.comes_up());
    value_of(ask(scene.pool()));
  }
  CHECK(::umount(inside.c_str()) == 0);
}
