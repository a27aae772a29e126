#include "tidegauge/pool/pool_manager.h"

#include <optional>

#include "support/catch.h"
#include "support/eventually.h"
#include "support/http_server.h"
#include "support/log_capture.h"
#include "support/managed_scene.h"
#include "support/temporary_directory.h"
#include "tidegauge/http/curl_transport.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::error_of;
using test::value_of;

namespace {

/// Two endpoints, "first" and "second", each with a server.
class TwoEngines {
 public:
  pool::PoolManager& pools() { return pools_; }
  test::HttpServer& second_server() { return second_; }

 private:
  config::EndpointConfig endpoint(const std::string& name) {
    return {.name = name, .address = {.path = directory_.file(name)}};
  }

  test::TemporaryDirectory directory_;
  test::HttpServer first_{directory_.file("first"), test::answer};
  test::HttpServer second_{directory_.file("second"), test::answer};
  test::LogCapture log_;
  ThreadGuard guard_{log_.logger()};
  pool::PoolManager pools_{{endpoint("first"), endpoint("second")},
                           test::quick(),
                           http::make_curl_transport,
                           log_.logger(),
                           guard_};
};

}  // namespace

TEST_CASE("one thread maintains the pools of all endpoints") {
  TwoEngines scene;
  CHECK(test::eventually([&] {
    const auto stats = scene.pools().stats();
    return stats.at(0).connections_idle == 1 && stats.at(1).connections_idle == 1;
  }));
  CHECK(scene.pools().stats().at(0).endpoint == "first");
  CHECK(scene.pools().slots().at(1).first == "second");
}

TEST_CASE("an outage of one Engine does not concern the pool of another") {
  TwoEngines scene;
  REQUIRE(test::eventually([&] { return scene.pools().stats().at(1).connections_idle == 1; }));
  scene.second_server().stop_listening(test::SocketFile::left);
  scene.second_server().disconnect_all();
  REQUIRE(test::eventually([&] { return !scene.pools().pool("second").health().up; }));
  CHECK(scene.pools().pool("first").health().up);
  value_of(scene.pools().pool("first").get_connection());
}

TEST_CASE("closing names those who hold on with their endpoint, and ends all pools") {
  TwoEngines scene;
  const auto held = value_of(scene.pools().pool("second").get_connection());
  const auto report = scene.pools().close_all(0ms);
  REQUIRE(report.size() == 1);
  CHECK_THAT(report[0], test::contains("second: call by thread "));
  CHECK(error_of(scene.pools().pool("first").get_connection()).code == Errc::closed);
}
