#include "monitor/snapshot_recycler.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "support/catch.h"

using namespace tidegauge;
using monitor::SnapshotRecycler;

namespace {

using Snapshot = std::shared_ptr<model::EngineSnapshot>;
using Watched = std::vector<std::weak_ptr<const model::HostStats>>;

/// So many snapshots, all of them read at the same time; each refers to one of `referred_to`.
std::vector<Snapshot> take(SnapshotRecycler& recycler, std::size_t count, Watched& referred_to) {
  std::vector<Snapshot> taken;
  for (std::size_t i = 0; i < count; ++i) {
    taken.push_back(recycler.take());
    const auto host = std::make_shared<const model::HostStats>();
    referred_to.push_back(host);
    taken.back()->host = host;
  }
  return taken;
}

std::size_t alive(const Watched& watched) {
  return static_cast<std::size_t>(
      std::ranges::count_if(watched, [](const auto& one) { return !one.expired(); }));
}

}  // namespace

TEST_CASE("a snapshot without readers is filled again, the one that waited longest first") {
  SnapshotRecycler recycler;
  auto first = recycler.take();
  auto second = recycler.take();
  const auto* const first_place = first.get();
  const auto* const second_place = second.get();
  CHECK(first_place != second_place);
  const auto still_read = first;
  first.reset();
  CHECK(recycler.take().get() != first_place);
  second.reset();

  SnapshotRecycler other;
  auto older = other.take();
  auto newer = other.take();
  const auto* const older_place = older.get();
  const auto* const newer_place = newer.get();
  older.reset();
  newer.reset();
  const auto again = other.take();
  CHECK(again.get() == older_place);
  CHECK(other.take().get() == newer_place);
}

TEST_CASE("all but two of the snapshots that readers have held are freed") {
  SnapshotRecycler recycler;
  Watched referred_to;
  auto read = take(recycler, 10, referred_to);
  read.clear();
  CHECK(alive(referred_to) == 10);  // a reader's thread frees nothing
  auto current = recycler.take();
  CHECK(alive(referred_to) == 3);
  // Whoever takes overwrites: as many snapshots later nothing of the past is left.
  for (int i = 0; i < 3; ++i) {
    current->host.reset();
    auto next = recycler.take();
    current = std::move(next);
  }
  CHECK(alive(referred_to) == 0);
}

TEST_CASE("a snapshot may outlive the recycler") {
  std::optional<SnapshotRecycler> recycler(std::in_place);
  Watched referred_to;
  auto read = take(*recycler, 2, referred_to);
  recycler.reset();
  CHECK(alive(referred_to) == 2);
  read.clear();
  CHECK(alive(referred_to) == 0);
}
