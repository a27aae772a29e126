#include "web/recent_map.h"

#include <string>

#include "support/catch.h"

using namespace tidegauge;

TEST_CASE("a full map forgets the entry that was used longest ago") {
  web::RecentMap<int, std::string> map(2);
  map.insert(1, "one");
  map.insert(2, "two");
  REQUIRE(map.find(1) != nullptr);
  map.insert(3, "three");
  CHECK(map.size() == 2);
  CHECK(map.find(2) == nullptr);
  REQUIRE(map.find(1) != nullptr);
  CHECK(*map.find(1) == "one");
  CHECK(*map.find(3) == "three");
}

TEST_CASE("an entry that is inserted again has the new value and its place is the first") {
  web::RecentMap<int, std::string> map(2);
  map.insert(1, "one");
  map.insert(2, "two");
  CHECK(map.insert(1, "uno") == "uno");
  map.insert(3, "three");
  CHECK(map.find(2) == nullptr);
  REQUIRE(map.find(1) != nullptr);
  CHECK(*map.find(1) == "uno");
}

TEST_CASE("entries are erased by key and by a predicate") {
  web::RecentMap<int, std::string> map(3);
  for (const int key : {1, 2, 3}) map.insert(key, std::to_string(key));
  map.erase(2);
  map.erase(2);
  CHECK(map.find(2) == nullptr);
  map.erase_if([](int, const std::string& value) { return value == "1"; });
  CHECK(map.size() == 1);
  CHECK(map.find(3) != nullptr);
}
