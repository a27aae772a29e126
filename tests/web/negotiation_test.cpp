#include "tidegauge/web/negotiation.h"

#include <array>

#include "support/catch.h"

using namespace tidegauge::web;

namespace {

const std::vector<MediaRange>& offers() {
  static const std::vector<MediaRange> all{
      {.type = "text/plain", .parameters = {{"version", "0.0.4"}}},
      {.type = "application/openmetrics-text", .parameters = {{"version", "1.0.0"}}},
      {.type = "application/vnd.google.protobuf",
       .parameters = {{"proto", "io.prometheus.client.MetricFamily"}, {"encoding", "delimited"}}}};
  return all;
}

std::size_t chosen(std::string_view accept) {
  return choose_media(parse_accept(accept), offers()).offer;
}

constexpr std::size_t text = 0;
constexpr std::size_t openmetrics = 1;
constexpr std::size_t protobuf = 2;

std::optional<Encoding> encoding(std::string_view accept_encoding) {
  return AcceptedEncodings(accept_encoding).preferred();
}

}  // namespace

TEST_CASE("each generation of Prometheus gets the format that it prefers") {
  CHECK(chosen("application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
               "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1") == openmetrics);
  CHECK(chosen("application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;"
               "version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2") == openmetrics);
  CHECK(chosen("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/"
               "openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;"
               "q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2") == openmetrics);
  CHECK(chosen("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
               "encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;"
               "escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1") == protobuf);
}

TEST_CASE("a client without a preference gets text") {
  for (const auto* accept :
       {"", "*/*", "text/*", "text/html, */*;q=0.8", "image/png", ",;q=1,;;"}) {
    CAPTURE(accept);
    CHECK(chosen(accept) == text);
  }
}

TEST_CASE("the most specific range decides about an offer") {
  CHECK(chosen("*/*;q=0.9, text/plain;q=0.1") == openmetrics);
  CHECK(chosen("text/plain;q=0, */*;q=0.1") == openmetrics);
  CHECK(chosen("text/plain;version=0.0.4;q=0.1, text/plain;q=0.9, "
               "application/openmetrics-text;q=0.5") == openmetrics);
}

TEST_CASE(
    "a parameter with another value does not match, and one that is not offered does not "
    "matter") {
  CHECK(chosen("application/openmetrics-text;version=2.0.0, text/plain;q=0.1") == text);
  CHECK(chosen("application/openmetrics-text;version=0.0.1, text/plain;q=0.1") == text);
  CHECK(chosen("application/openmetrics-text;escaping=values, text/plain;q=0.1") == openmetrics);
  CHECK(chosen("APPLICATION/OpenMetrics-Text; Version=\"1.0.0\" ; q=0.9, text/plain;q=0.5") ==
        openmetrics);
}

TEST_CASE("of ranges with the same weight the first in the header wins") {
  CHECK(chosen("application/openmetrics-text, text/plain") == openmetrics);
  CHECK(chosen("text/plain, application/openmetrics-text") == text);
}

TEST_CASE("the choice tells the range that the client asked for") {
  const auto accepted = parse_accept("application/openmetrics-text;escaping=\"allow-utf-8\";q=0.6");
  const auto choice = choose_media(accepted, offers());
  REQUIRE(choice.range != nullptr);
  CHECK(choice.range->parameter("escaping") == "allow-utf-8");
  CHECK(choice.range->q == 0.6);
  CHECK(choose_media(parse_accept("image/png"), offers()).range == nullptr);
}

TEST_CASE("an element with a malformed weight is skipped, the others count") {
  for (const auto* weight : {"2", "-1", "1.5", "0.1234", ".5", "x", "", "1x", "nan"}) {
    CAPTURE(weight);
    const auto accepted = parse_accept("text/plain;q=" + std::string(weight) +
                                       ", application/openmetrics-text;q=0.1");
    CHECK(accepted.size() == 1);
    CHECK(choose_media(accepted, offers()).offer == openmetrics);
  }
}

TEST_CASE("a comma or semicolon within quotes separates nothing") {
  const auto accepted = parse_accept(R"(text/plain;a="x,y;\"z";b=1, text/html)");
  REQUIRE(accepted.size() == 2);
  CHECK(accepted[0].parameter("a") == "x,y;\"z");
  CHECK(accepted[0].parameter("b") == "1");
  CHECK(parse_accept("text/plain;a=\"unterminated, text/html").size() == 1);
}

TEST_CASE("the encoding with the greatest weight is chosen, the smaller one of two") {
  CHECK(encoding("gzip") == Encoding::gzip);
  CHECK(encoding("gzip, deflate, br, zstd") == Encoding::zstd);
  CHECK(encoding("gzip;q=0.9, zstd;q=0.5") == Encoding::gzip);
  CHECK(encoding("x-gzip") == Encoding::gzip);
  CHECK(encoding("GZIP") == Encoding::gzip);
  CHECK(encoding("identity;q=0.5, gzip;q=0.4") == Encoding::identity);
}

TEST_CASE("what has weight 0 is not used, and identity is used unless it is excluded") {
  CHECK(encoding("") == Encoding::identity);
  CHECK(encoding("br") == Encoding::identity);
  CHECK(encoding("gzip;q=0") == Encoding::identity);
  CHECK(encoding("gzip;q=0.000") == Encoding::identity);
  CHECK(encoding("gzip;q=0, *;q=0") == std::nullopt);
  CHECK(encoding("identity;q=0") == std::nullopt);
  CHECK(encoding("*;q=0") == std::nullopt);
  CHECK(encoding("gzip, identity;q=0") == Encoding::gzip);
  CHECK(encoding("identity, *;q=0") == Encoding::identity);
  CHECK_FALSE(AcceptedEncodings("*;q=0").accepts(Encoding::identity));
}

TEST_CASE("an asterisk means gzip: few clients that send it know zstd") {
  CHECK(encoding("*") == Encoding::gzip);
  CHECK(encoding("*, gzip;q=0") == Encoding::identity);
}
