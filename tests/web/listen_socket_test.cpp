#include "web/listen_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "support/catch.h"
#include "support/temporary_directory.h"

using namespace tidegauge;
using test::contains;
using test::error_of;
using test::value_of;

namespace {

Result<web::ListenSocket> open_listen_socket(const std::string& address,
                                             const web::UnixSocketOptions& options = {}) {
  auto sockets = web::open_listen_sockets(address, options);
  if (!sockets) return fail(sockets.error());
  REQUIRE(sockets->size() == 1);
  return std::move(sockets->front());
}

}  // namespace

TEST_CASE("a port of 0 becomes a free port, on IPv4 and on all addresses") {
  for (const auto* const address : {"127.0.0.1:0", ":0", "localhost:0"}) {
    CAPTURE(address);
    const auto socket = value_of(open_listen_socket(address));
    CHECK(socket.fd.valid());
    CHECK(socket.port != 0);
    CHECK(socket.unix_path.empty());
  }
}

TEST_CASE("the listening socket blocks nobody and is not inherited") {
  const auto socket = value_of(open_listen_socket("127.0.0.1:0"));
  CHECK((::fcntl(socket.fd.get(), F_GETFL) & O_NONBLOCK) != 0);
  CHECK((::fcntl(socket.fd.get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("a port that is taken is refused with a remedy") {
  const auto first = value_of(open_listen_socket("127.0.0.1:0"));
  const auto error = error_of(open_listen_socket("127.0.0.1:" + std::to_string(first.port)));
  CHECK(error.code == Errc::system);
  CHECK_THAT(error.message, contains("stop it or choose another port"));
}

TEST_CASE("a Unix socket is made at its path, and one that was left over is replaced") {
  const test::TemporaryDirectory directory;
  const auto path = directory.file("web.sock");
  for (int start = 0; start < 2; ++start) {
    const auto socket = value_of(open_listen_socket("unix://" + path));
    CHECK(socket.unix_path == path);
    CHECK(socket.port == 0);
    CHECK_THAT(error_of(open_listen_socket("unix://" + path)).message,
               contains("another program listens there"));
  }
  CHECK(std::filesystem::is_socket(path));
}

TEST_CASE("a file that is no socket is never replaced") {
  const test::TemporaryDirectory directory;
  const auto path = directory.write("file", "precious");
  CHECK(error_of(open_listen_socket("unix://" + path)).code == Errc::system);
  CHECK(test::read_file(path) == "precious");
}

TEST_CASE("what is no address is a mistake in the configuration") {
  for (const auto* const address : {"", "localhost", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536",
                                    "::1:9717", "[::1:9717", "unix://relative"}) {
    CAPTURE(address);
    CHECK(error_of(open_listen_socket(address)).code == Errc::invalid_config);
  }
  CHECK_THAT(error_of(open_listen_socket("unix:///" + std::string(108, 'x'))).message,
             contains("longer than 107 bytes"));
}

TEST_CASE("a Unix socket has the mode that is set") {
  const test::TemporaryDirectory directory;
  const auto path = directory.file("web.sock");
  const auto socket = value_of(open_listen_socket("unix://" + path, {.mode = 0640}));
  using std::filesystem::perms;
  CHECK(std::filesystem::status(path).permissions() ==
        (perms::owner_read | perms::owner_write | perms::group_read));
}

TEST_CASE("a Unix socket is given to the group that is set, and an unknown group is told") {
  const test::TemporaryDirectory directory;
  const auto path = directory.file("web.sock");
  const auto error = error_of(open_listen_socket("unix://" + path, {.group = "no-such-group"}));
  CHECK_THAT(error.message, contains("\"no-such-group\": there is no such group"));
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK(value_of(open_listen_socket("unix://" + path, {.group = "root"})).unix_path == path);
}

TEST_CASE("a Unix socket may be given to a group by its number") {
  const test::TemporaryDirectory directory;
  const auto path = directory.file("web.sock");
  const auto own = std::to_string(::getgid());
  const auto socket = value_of(open_listen_socket("unix://" + path, {.group = own}));
  struct stat file{};
  REQUIRE(::stat(path.c_str(), &file) == 0);
  CHECK(std::to_string(file.st_gid) == own);
}

TEST_CASE("without sockets from systemd its address is refused with the remedy") {
  CHECK_THAT(error_of(web::open_listen_sockets("systemd")).message,
             contains("systemd has passed no socket"));
}
