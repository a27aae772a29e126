#include "tidegauge/model/engine_address.h"

#include "support/catch.h"

using namespace tidegauge;
using model::EngineAddress;
using model::parse_engine_address;
using test::contains;
using test::error_of;
using test::value_of;

TEST_CASE("a Unix socket is named by a URL or by its bare path") {
  const auto expected = EngineAddress{.path = "/run/docker.sock", .host = ""};
  CHECK(value_of(parse_engine_address("unix:///run/docker.sock")) == expected);
  CHECK(value_of(parse_engine_address("/run/docker.sock")) == expected);
}

TEST_CASE("a network address has a host and, by scheme, a default port") {
  const auto plain = value_of(parse_engine_address("tcp://10.0.0.5"));
  CHECK(plain.scheme == EngineAddress::Scheme::tcp);
  CHECK(plain.host == "10.0.0.5");
  CHECK(plain.port == 2375);
  CHECK(value_of(parse_engine_address("http://a:1/")).port == 1);

  const auto ipv6 = value_of(parse_engine_address("https://[::1]:4243"));
  CHECK(ipv6.scheme == EngineAddress::Scheme::tls);
  CHECK(ipv6.host == "::1");
  CHECK(ipv6.port == 4243);
}

TEST_CASE("an address reads back from its text") {
  for (const auto* text : {"unix:///run/docker.sock", "tcp://host:2375", "https://[::1]:2376"}) {
    CHECK(to_string(value_of(parse_engine_address(text))) == text);
  }
}

TEST_CASE("an IPv6 address may name its zone") {
  CHECK(value_of(parse_engine_address("tcp://[fe80::1%eth0]:2375")).host == "fe80::1%eth0");
}

TEST_CASE("the error about a slash behind the socket has the remedy") {
  CHECK_THAT(error_of(parse_engine_address("unix:///run/docker.sock/")).message,
             contains("name the socket, without a slash behind it"));
}

TEST_CASE("the error about an address lists the allowed forms") {
  const auto text = GENERATE(
      as<std::string>{}, "", "docker.sock", "unix://docker.sock", "tcp://", "tcp://host:0",
      "tcp://host:99999", "tcp://host:2375/v1", "tcp://[::1", "tcp://[::1]2375", "tcp://[[a]",
      "tcp://a]", "ssh://host", "/" + std::string(107, 'x'), "unix://", "/", "unix:///",
      "unix:///run/docker.sock/", "/run/docker.sock/.", "/run/..", "unix:///run/docker.sock ",
      " /run/docker.sock", "/run/docker.sock\n", "tcp://my host:2375", "tcp://user@host",
      "tcp://host?x", "tcp://[zz]:2375", "tcp://host:", "tcp://:2375");
  const auto error = error_of(parse_engine_address(text));
  CHECK(error.code == Errc::invalid_config);
  CHECK_THAT(error.message, contains("allowed: unix:///path/to/docker.sock"));
}
