#include "app/metrics_endpoint.h"

#include <chrono>
#include <string>

#include "support/catch.h"
#include "support/log_capture.h"
#include "tidegauge/metrics/instruments.h"
#include "tidegauge/metrics/series_limit.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using config::Compression;
using test::contains;

namespace {

class Fixture {
 public:
  Fixture() { publish(); }

  void publish() {
    auto snapshot = std::make_shared<model::EngineSnapshot>();
    snapshot->endpoint = "local";
    snapshot->up = true;
    snapshot->published_at = published_ += 1s;
    snapshots = {snapshot};
  }

  web::Response get(const std::string& accept, const std::string& accept_encoding,
                    Compression compression = Compression::always, const std::string& query = "",
                    bool is_local = true) {
    return endpoint.answer({.path = "/metrics",
                            .query = query,
                            .accept = accept,
                            .accept_encoding = accept_encoding,
                            .is_local = is_local},
                           compression);
  }
  static std::string body(web::Response response) {
    std::string all;
    for (auto piece = response.next_piece(); !piece.empty(); piece = response.next_piece()) {
      all += piece;
    }
    return all;
  }

 private:
  std::unique_ptr<metrics::Page> render(model::Snapshot engines, metrics::PageRequest request) {
    ++rendered;
    return std::make_unique<metrics::Page>(metrics::PageInput{.engines = std::move(engines)},
                                           metrics::PageOptions{}, instruments_, limit_,
                                           std::move(request));
  }

  SteadyTime published_{};
  test::LogCapture log_;
  ThreadGuard guard_{log_.logger()};
  metrics::Instruments instruments_{log_.logger(), guard_, {.process = false}};
  metrics::SeriesLimit limit_{{.series = 1'000, .bytes = 1'000'000}, log_.logger()};

 public:
  int rendered = 0;
  model::Snapshot snapshots;
  app::MetricsEndpoint endpoint{[this] { return snapshots; },
                                [this](model::Snapshot engines, metrics::PageRequest request) {
                                  return render(std::move(engines), std::move(request));
                                }};
};

std::string header(const web::Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

constexpr const char* openmetrics = "application/openmetrics-text;version=1.0.0";

}  // namespace

TEST_CASE("a client gets the format that it asks for, and text otherwise") {
  Fixture fixture;
  CHECK(fixture.get("", "").content_type == "text/plain; version=0.0.4; charset=utf-8");
  const auto response = fixture.get(openmetrics, "");
  CHECK(response.content_type == "application/openmetrics-text; version=1.0.0; charset=utf-8");
  CHECK(header(response, "Vary") == "Accept, Accept-Encoding");
  CHECK_THAT(Fixture::body(fixture.get(openmetrics, "")), contains("# EOF\n"));
  CHECK(fixture
            .get("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
                 "encoding=delimited",
                 "")
            .content_type ==
        "application/vnd.google.protobuf; "
        "proto=io.prometheus.client.MetricFamily; encoding=delimited");
}

TEST_CASE("an escaping scheme is echoed only if it was asked for and exists") {
  Fixture fixture;
  const auto type_for = [&](const std::string& escaping) {
    return fixture.get(openmetrics + (";escaping=" + escaping), "").content_type;
  };
  CHECK_THAT(type_for("allow-utf-8"), contains("; escaping=allow-utf-8"));
  CHECK_THAT(type_for("underscores"), contains("; escaping=underscores"));
  CHECK_THAT(type_for("\"x\\\r\\\nSet-Cookie: y\""), !contains("escaping"));
}

TEST_CASE("a local client gets a compressed page only where that is set, or without another way") {
  Fixture fixture;
  using enum Compression;
  const auto encoding = [&](Compression compression, bool is_local, const char* accepted) {
    const auto response = fixture.get("", accepted, compression, "", is_local);
    return response.status == 406 ? "none" : header(response, "Content-Encoding");
  };
  CHECK(encoding(automatic, true, "gzip") == "");
  CHECK(encoding(automatic, false, "gzip") == "gzip");
  CHECK(encoding(automatic, false, "gzip, zstd") == "zstd");
  CHECK(encoding(automatic, true, "gzip, identity;q=0") == "gzip");
  CHECK(encoding(always, true, "gzip") == "gzip");
  CHECK(encoding(always, true, "gzip;q=0") == "");
  CHECK(encoding(off, false, "gzip") == "");
  CHECK(encoding(off, false, "gzip, identity;q=0") == "none");
  CHECK(encoding(always, false, "identity;q=0") == "none");
}

TEST_CASE("a page is encoded once per snapshot, for all that read it") {
  Fixture fixture;
  const auto first = Fixture::body(fixture.get("", "gzip"));
  CHECK(Fixture::body(fixture.get("", "gzip")) == first);
  CHECK(fixture.rendered == 1);
  CHECK(Fixture::body(fixture.get("", "zstd")) != first);
  CHECK(Fixture::body(fixture.get(openmetrics, "gzip")) != first);
  CHECK(fixture.rendered == 3);
  fixture.publish();
  std::ignore = Fixture::body(fixture.get("", "gzip"));
  CHECK(fixture.rendered == 4);
}

TEST_CASE("an encoded page ends with what may be shown, although the snapshot is the same") {
  Fixture fixture;
  std::ignore = Fixture::body(fixture.get("", "gzip"));
  auto stale = std::make_shared<model::EngineSnapshot>(*fixture.snapshots.front());
  stale->stale = true;
  fixture.snapshots = {stale};
  std::ignore = Fixture::body(fixture.get("", "gzip"));
  CHECK(fixture.rendered == 2);
}

TEST_CASE("a page that is not encoded is rendered for each client") {
  Fixture fixture;
  CHECK(Fixture::body(fixture.get("", "")) == Fixture::body(fixture.get("", "")));
  CHECK(fixture.rendered == 2);
}

TEST_CASE("a client may select families by name, and never gets a selection of another's") {
  Fixture fixture;
  const auto all = Fixture::body(fixture.get("", "gzip"));
  const auto text =
      Fixture::body(fixture.get("", "", Compression::always, "name[]=tidegauge_engine_up"));
  CHECK_THAT(text, contains("\ntidegauge_engine_up"));
  CHECK_THAT(text, !contains("tidegauge_build_info"));
  CHECK(Fixture::body(fixture.get("", "gzip", Compression::always, "name[]=tidegauge_engine_up")) !=
        all);
  CHECK(Fixture::body(fixture.get("", "gzip")) == all);
}

TEST_CASE("a page that is forgotten is rendered anew, though its snapshots have not changed") {
  Fixture fixture;
  std::ignore = Fixture::body(fixture.get("", "gzip"));
  fixture.endpoint.forget_pages();
  std::ignore = Fixture::body(fixture.get("", "gzip"));
  CHECK(fixture.rendered == 2);
}
