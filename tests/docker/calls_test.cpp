#include "docker/calls.h"

#include "support/catch.h"

using namespace tidegauge;
using namespace tidegauge::docker;
using model::Call;
using namespace std::chrono_literals;

namespace {

Error error_of_status(int status, std::string body = "") {
  const auto error = status_error({.status = status, .body = std::move(body)});
  if (!error) FAIL("expected an error of status " << status);
  return *error;
}

}  // namespace

TEST_CASE("an HTTP status becomes a code with the Engine's own message") {
  CHECK_FALSE(status_error({.status = 200}));
  CHECK_FALSE(status_error({.status = 204}));
  CHECK(error_of_status(301).code == Errc::bad_reply);
  CHECK(error_of_status(400).code == Errc::client_error);
  CHECK(error_of_status(404).code == Errc::not_found);
  CHECK(error_of_status(500).code == Errc::server_error);
  CHECK(error_of_status(503).message == "HTTP status 503");
  CHECK(error_of_status(409, R"({"message":"it is paused"})").message ==
        "HTTP status 409: it is paused");
}

TEST_CASE("Podman's status 500 of a container that is being removed means not found") {
  CHECK(error_of_status(500, R"({"cause":"no such container","message":"x"})").code ==
        Errc::not_found);
}

TEST_CASE("only an error about the client's version refuses the version") {
  CHECK(refuses_version({.status = 400, .body = "client version 1.45 is too new."}));
  CHECK_FALSE(refuses_version({.status = 400, .body = "bad parameter"}));
  CHECK_FALSE(refuses_version({.status = 500, .body = "client version 1.45 is too new."}));
}

TEST_CASE("a path begins with the agreed version") {
  CHECK(versioned({1, 41}, "/containers/json") == "/v1.41/containers/json");
}

TEST_CASE("an error names its call, without a long query or an endless path") {
  CHECK(trail_of("/containers/json?all=1") == "GET /containers/json?all=1");
  CHECK(trail_of("/events?" + std::string(63, 'x')).ends_with("x"));
  CHECK(trail_of("/events?" + std::string(64, 'x')) == "GET /events");
  CHECK(trail_of("/" + std::string(1000, 'x')).size() < 270);
  CHECK(trail_of("/a\nb") == "GET /a b");
}

TEST_CASE("every call has limits, and a stream has no limit of the whole") {
  const config::PoolConfig config;
  for (const auto call : model::all_calls) {
    CAPTURE(to_string(call));
    const auto limits = limits_of(call, config);
    CHECK(limits.connect > 0ms);
    const bool is_stream = call == Call::events || call == Call::container_logs;
    CHECK((limits.total > 0ms) != is_stream);
  }
  CHECK(limits_of(Call::container_list, config).body_bytes >
        limits_of(Call::container_inspect, config).body_bytes);
}
