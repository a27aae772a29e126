#include "http/socket_diagnosis.h"

#include <cerrno>

#include "support/catch.h"
#include "support/http_server.h"
#include "support/pool_scene.h"
#include "support/temporary_directory.h"

using namespace tidegauge;
using http::diagnose_unix_socket;
using test::contains;

TEST_CASE("a path without a socket is an Engine that is down") {
  const test::TemporaryDirectory directory;
  const auto error = diagnose_unix_socket(directory.file("docker.sock"), ENOENT);
  CHECK(error.code == Errc::unreachable);
  CHECK_THAT(error.message, contains("no socket at " + directory.file("docker.sock")));
}

TEST_CASE(
    "a file that is no socket, and a path through a file, are mistakes in the configuration") {
  const test::TemporaryDirectory directory;
  const auto file = directory.write("file", "");
  const auto no_socket = diagnose_unix_socket(file, ECONNREFUSED);
  CHECK(no_socket.code == Errc::misconfigured);
  CHECK_THAT(no_socket.message, contains(file + " is not a socket"));
  CHECK(diagnose_unix_socket(file + "/docker.sock", ENOTDIR).code == Errc::misconfigured);
}

TEST_CASE("the errno of a refused socket becomes the reason") {
  const test::TemporaryDirectory directory;
  const std::string path = directory.file("docker.sock");
  const test::HttpServer server(path, test::answer);
  const auto refused = diagnose_unix_socket(path, ECONNREFUSED);
  CHECK(refused.code == Errc::unreachable);
  CHECK_THAT(refused.message, contains("nobody listens on " + path));
  for (const int full : {0, EAGAIN}) {
    CHECK_THAT(diagnose_unix_socket(path, full).message, contains("the queue of connections"));
  }
  const auto other = diagnose_unix_socket(path, EPROTOTYPE);
  CHECK(other.code == Errc::unreachable);
  CHECK_THAT(other.message, contains(path + ": "));
}

TEST_CASE("the error of a missing permission names the group or the directory") {
  const test::TemporaryDirectory directory;
  const std::string path = directory.file("docker.sock");
  CHECK_THAT(diagnose_unix_socket(path, EACCES).message, contains("a directory above " + path));
  const test::HttpServer server(path, test::answer);
  const auto denied = diagnose_unix_socket(path, EACCES);
  CHECK(denied.code == Errc::permission_denied);
  CHECK_THAT(denied.message, contains("it belongs to group "));
}
