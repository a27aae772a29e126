#include "http/header_line.h"

#include "support/catch.h"

using tidegauge::http::header_value;

TEST_CASE("a header's value stands without the space around it") {
  CHECK(header_value("Api-Version: 1.41\r\n", "Api-Version") == "1.41");
  CHECK(header_value("Api-Version:1.41\n", "Api-Version") == "1.41");
  CHECK(header_value("Api-Version: \t 1.41 \t\r\n", "Api-Version") == "1.41");
  CHECK(header_value("Server: Docker/27 (linux)\r\n", "Server") == "Docker/27 (linux)");
}

TEST_CASE("a header's name is the same in upper and lower case") {
  CHECK(header_value("API-VERSION: 1.41\r\n", "Api-Version") == "1.41");
  CHECK(header_value("api-version: 1.41\r\n", "Api-Version") == "1.41");
}

TEST_CASE("a header without a value has an empty one") {
  CHECK(header_value("Server:\r\n", "Server") == "");
  CHECK(header_value("Server:  \r\n", "Server") == "");
}

TEST_CASE("a line of another header, or of none, has no value") {
  for (const auto* line : {"Servers: x\r\n", "Serve: x\r\n", "Server\r\n", "HTTP/1.1 200 OK\r\n",
                           "\r\n", "", "X-Server: x\r\n"}) {
    INFO(line);
    CHECK_FALSE(header_value(line, "Server"));
  }
}
