#include "monitor/ghosts.h"

#include <algorithm>

#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using monitor::Ghosts;

namespace {

const SteadyTime start{1h};

model::ContainerRecord record(const std::string& name, const std::string& id = "id") {
  model::Container container;
  container.name = name;
  container.id = id;
  model::ContainerRecord record;
  record.container = std::make_shared<const model::Container>(std::move(container));
  return record;
}

std::vector<std::string> names_in(const Ghosts& ghosts) {
  std::vector<model::ContainerRecord> records(3);  // what was there is written over
  ghosts.write(records);
  std::vector<std::string> names;
  for (const auto& written : records) names.push_back(written.container->name);
  return names;
}

}  // namespace

TEST_CASE("a ghost is kept for its window") {
  Ghosts ghosts(1min);
  ghosts.add(record("web"), start);
  ghosts.add(record("db"), start + 1s);
  ghosts.drop_expired(start + 1min - 1ms);
  CHECK(names_in(ghosts) == std::vector<std::string>{"db", "web"});
  ghosts.drop_expired(start + 1min);
  CHECK(names_in(ghosts) == std::vector<std::string>{"db"});
}

TEST_CASE("a new container of the same name removes the ghost") {
  Ghosts ghosts(1min);
  ghosts.add(record("web"), start);
  ghosts.drop("db");
  CHECK(names_in(ghosts).size() == 1);
  ghosts.drop("web");
  CHECK(names_in(ghosts).empty());
}

TEST_CASE("the latest removed container of a name is its ghost") {
  Ghosts ghosts(1min);
  ghosts.add(record("web", "first"), start);
  ghosts.add(record("web", "second"), start + 30s);
  ghosts.drop_expired(start + 1min);
  std::vector<model::ContainerRecord> records;
  ghosts.write(records);
  REQUIRE(records.size() == 1);
  CHECK(records[0].container->id == "second");
}

TEST_CASE("without a window no ghosts are kept") {
  CHECK_FALSE(Ghosts(0ms).are_kept());
  CHECK(Ghosts(1ms).are_kept());
}

TEST_CASE("the oldest ghosts are dropped beyond a thousand") {
  Ghosts ghosts(1h);
  for (int i = 0; i < 1'003; ++i) ghosts.add(record(std::to_string(i)), start + i * 1ms);
  ghosts.drop_expired(start + 2s);
  const auto names = names_in(ghosts);
  CHECK(names.size() == 1'000);
  for (const auto* const old : {"0", "1", "2"}) CHECK(std::ranges::count(names, old) == 0);
}

TEST_CASE("the window of ghosts may change while they are kept") {
  Ghosts ghosts(1min);
  ghosts.add(record("web"), start);
  ghosts.keep_for(10s);
  ghosts.drop_expired(start + 10s - 1ms);
  CHECK(names_in(ghosts).size() == 1);
  ghosts.keep_for(2min);
  ghosts.drop_expired(start + 2min - 1ms);
  CHECK(names_in(ghosts).size() == 1);
  ghosts.keep_for(0s);
  CHECK_FALSE(ghosts.are_kept());
  ghosts.drop_expired(start + 2min - 1ms);
  CHECK(names_in(ghosts).empty());
}

TEST_CASE("ghosts of containers that are not watched any more are dropped, and named") {
  Ghosts ghosts(1min);
  ghosts.add(record("db"), start);
  ghosts.add(record("web"), start);
  std::vector<std::string> dropped;
  ghosts.drop_unwatched([](const model::Container& container) { return container.name == "db"; },
                        [&](const std::string& name) { dropped.push_back(name); });
  CHECK(names_in(ghosts) == std::vector<std::string>{"db"});
  CHECK(dropped == std::vector<std::string>{"web"});
}
