#include "tidegauge/pool/pool_manager.h"

#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

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
  config::EndpointConfig endpoint(const std::string& name) {
    return {.name = name, .address = {.path = directory_.file(name)}};
  }

 private:
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

TEST_CASE("an outage of one Engine leaves the pool of another Engine up") {
  TwoEngines scene;
  REQUIRE(test::eventually([&] { return scene.pools().stats().at(1).connections_idle == 1; }));
  scene.second_server().stop_listening(test::SocketFile::left);
  scene.second_server().disconnect_all();
  REQUIRE(test::eventually([&] { return !scene.pools().pool("second").health().up; }));
  CHECK(scene.pools().pool("first").health().up);
  value_of(scene.pools().pool("first").get_connection());
}

TEST_CASE("closing all pools names the remaining holders with their endpoints") {
  TwoEngines scene;
  const auto held = value_of(scene.pools().pool("second").get_connection());
  const auto report = scene.pools().close_all(0ms);
  REQUIRE(report.size() == 1);
  CHECK_THAT(report[0], test::contains("second: call by thread "));
  CHECK(error_of(scene.pools().pool("first").get_connection()).code == Errc::closed);
}

TEST_CASE("a pool that is added is maintained, and one that is removed is closed") {
  TwoEngines scene;
  const auto names = [&] {
    std::vector<std::string> all;
    for (const auto& stats : scene.pools().stats()) all.push_back(stats.endpoint);
    return all;
  };
  REQUIRE(test::eventually([&] { return scene.pools().stats().at(1).connections_idle == 1; }));
  const auto sockets = scene.second_server().counters().connections_open;
  CHECK(scene.pools().remove("second", 0ms).empty());
  CHECK(names() == std::vector<std::string>{"first"});
  CHECK(test::eventually(
      [&] { return scene.second_server().counters().connections_open < sockets; }));
  scene.pools().add(scene.endpoint("second"), test::quick());
  CHECK(names() == std::vector<std::string>{"first", "second"});
  CHECK(test::eventually([&] { return scene.pools().stats().at(1).connections_idle == 1; }));
  CHECK(scene.pools().pool("second").health().up);
  CHECK(scene.pools().remove("third", 0ms).empty());
}

TEST_CASE("a lease of a pool that is removed is reported, and may outlive the pool") {
  TwoEngines scene;
  const std::optional held = value_of(scene.pools().pool("second").get_connection());
  const auto report = scene.pools().remove("second", 0ms);
  REQUIRE(report.size() == 1);
  CHECK(scene.pools().stats().size() == 1);
}

TEST_CASE("pools come and go while they are maintained and looked at") {
  TwoEngines scene;
  {
    const std::jthread reader([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        static_cast<void>(scene.pools().stats());
        static_cast<void>(scene.pools().slots());
      }
    });
    for (int i = 0; i < 50; ++i) {
      auto options = test::quick();
      options.max_connections = 1 + static_cast<std::uint32_t>(i) % 5;
      scene.pools().remove("second", 0ms);
      scene.pools().add(scene.endpoint("second"), options);
    }
  }
  CHECK(scene.pools().stats().at(1).connections_max == 5);
  CHECK(test::eventually([&] { return scene.pools().stats().at(1).connections_idle == 1; }));
}
