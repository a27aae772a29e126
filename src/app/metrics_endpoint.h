#pragma once

// Answers /metrics: finds the format and the encoding that the client prefers, and lets all clients
// of an encoded page share it, so that a page is compressed once per snapshot however many scrape
// it. A page that is not compressed is rendered for each client as it reads, and never in memory as
// a whole. Thread-safe.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "app/snapshot_version.h"
#include "tidegauge/config/config.h"
#include "tidegauge/metrics/page.h"
#include "tidegauge/model/snapshot.h"
#include "tidegauge/util/guarded.h"
#include "tidegauge/web/encoded_body.h"
#include "tidegauge/web/messages.h"
#include "tidegauge/web/negotiation.h"

namespace tidegauge::app {

class MetricsEndpoint {
 public:
  /// Renders a page of the snapshots.
  using MakePage =
      std::function<std::unique_ptr<metrics::Page>(model::Snapshot, metrics::PageRequest)>;

  /// `snapshots` returns what a page may show now, without what is too old.
  MetricsEndpoint(std::function<model::Snapshot()> snapshots, MakePage make_page)
      : snapshots_(std::move(snapshots)), make_page_(std::move(make_page)) {}

  [[nodiscard]] web::Response answer(const web::Request& request, config::Compression compression);
  /// The next client of an encoded page gets a new one: the options of pages have changed.
  void forget_pages() {
    encoded_.with([](Encoded& encoded) { encoded = {}; });
  }

 private:
  using Kind = std::pair<metrics::Format, web::Encoding>;
  struct Encoded {
    std::vector<SnapshotVersion> of;
    std::map<Kind, std::shared_ptr<web::SharedBody>> pages;
  };

  web::NextPiece body(metrics::PageRequest request, web::Encoding encoding);

  const std::function<model::Snapshot()> snapshots_;
  const MakePage make_page_;
  Guarded<Encoded> encoded_;
};

}  // namespace tidegauge::app
