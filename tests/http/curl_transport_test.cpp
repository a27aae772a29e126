#include "tidegauge/http/curl_transport.h"

#include "support/catch.h"
#include "support/http_server.h"
#include "support/pool_scene.h"
#include "support/temporary_directory.h"

using namespace tidegauge;
using test::value_of;

TEST_CASE("a transport counts the open sockets of all its connections") {
  const test::TemporaryDirectory directory;
  const auto path = directory.file("docker.sock");
  const test::HttpServer server(path, test::answer);
  const auto transport = http::make_curl_transport({.path = path});
  auto first = transport->make();
  const auto second = transport->make();
  CHECK(transport->open_sockets() == 0);
  const http::Request request{.target = "/", .limits = test::patient};
  value_of(first->perform(request));
  value_of(second->perform(request));
  value_of(second->perform(request));
  CHECK(transport->open_sockets() == 2);
  second->close();
  CHECK(transport->open_sockets() == 1);
  first.reset();
  CHECK(transport->open_sockets() == 0);
}
