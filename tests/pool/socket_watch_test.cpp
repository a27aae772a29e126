#include "pool/socket_watch.h"

#include <poll.h>

#include <filesystem>
#include <fstream>

#include "support/catch.h"
#include "support/temporary_directory.h"

using namespace tidegauge;
using pool::SocketWatch;

namespace {

/// The directory of a socket. It can be renamed and created again.
class Scene {
 public:
  [[nodiscard]] std::string directory() const { return root_.file("run"); }
  [[nodiscard]] std::string socket() const { return directory() + "/docker.sock"; }
  void make_directory() const { std::filesystem::create_directory(directory()); }
  /// A plain file is enough, as only the name counts.
  void make_socket() const { std::ofstream(socket()) << ""; }
  void move_away() const { std::filesystem::rename(directory(), root_.file("old")); }

 private:
  test::TemporaryDirectory root_;
};

bool has_news(const SocketWatch& watch) {
  pollfd poll{.fd = watch.fd(), .events = POLLIN, .revents = 0};
  return ::poll(&poll, 1, 0) == 1;
}

}  // namespace

TEST_CASE("the watch reports a socket that appears once, and no other file") {
  const Scene scene;
  scene.make_directory();
  SocketWatch watch({.path = scene.socket()});
  CHECK_FALSE(watch.appeared());
  std::ofstream(scene.directory() + "/docker.pid") << "1";
  CHECK_FALSE(watch.appeared());
  scene.make_socket();
  CHECK(has_news(watch));
  CHECK(watch.appeared());
  CHECK_FALSE(watch.appeared());
}

TEST_CASE("the watch reports a socket that is moved to its path") {
  const Scene scene;
  scene.make_directory();
  SocketWatch watch({.path = scene.socket()});
  std::ofstream(scene.directory() + "/new") << "";
  std::filesystem::rename(scene.directory() + "/new", scene.socket());
  CHECK(watch.appeared());
}

TEST_CASE("a directory that is made later or again is watched from the next look on") {
  const Scene scene;
  SocketWatch watch({.path = scene.socket()});
  CHECK(watch.fd() == -1);
  for (int i = 0; i < 2; ++i) {
    scene.make_directory();
    CHECK_FALSE(watch.appeared());
    CHECK(watch.fd() >= 0);
    scene.make_socket();
    CHECK(watch.appeared());
    std::filesystem::remove_all(scene.directory());
    CHECK_FALSE(watch.appeared());
    CHECK(watch.fd() == -1);
  }
}

TEST_CASE("after a rename the directory at the path is watched, not the renamed one") {
  const Scene scene;
  scene.make_directory();
  SocketWatch watch({.path = scene.socket()});
  scene.move_away();
  CHECK_FALSE(watch.appeared());
  CHECK(watch.fd() == -1);
  scene.make_directory();
  CHECK_FALSE(watch.appeared());
  REQUIRE(watch.fd() >= 0);
  scene.make_socket();
  CHECK(watch.appeared());
}

TEST_CASE("an address on a network has no watch") {
  SocketWatch watch({.scheme = model::EngineAddress::Scheme::tcp, .host = "host", .port = 2375});
  CHECK(watch.fd() == -1);
  CHECK_FALSE(watch.appeared());
}
