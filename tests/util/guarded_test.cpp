#include "tidegauge/util/guarded.h"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/catch.h"

using namespace tidegauge;

TEST_CASE("several threads access guarded data one after the other") {
  Guarded<std::vector<int>> numbers;
  {
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < 4; ++writer) {
      writers.emplace_back([&] {
        for (int i = 0; i < 5'000; ++i) {
          numbers.with([](auto& all) { all.push_back(static_cast<int>(all.size())); });
        }
      });
    }
  }
  const auto all = numbers.with([](const auto& value) { return value; });
  REQUIRE(all.size() == 20'000);
  CHECK(std::ranges::is_sorted(all));
  CHECK(all.back() == 19'999);
}

TEST_CASE("the result of the function is returned, also from constant data and if it only moves") {
  const Guarded<int> seven(7);
  CHECK(seven.with([](const int& value) { return value + 1; }) == 8);

  Guarded<std::unique_ptr<int>> owner(std::make_unique<int>(5));
  const auto taken = owner.with([](auto& value) { return std::move(value); });
  CHECK(*taken == 5);
  CHECK(owner.with([](const auto& value) { return value == nullptr; }));
}

TEST_CASE("a constant guarded value cannot be changed") {
  using Seen = decltype(std::declval<const Guarded<int>&>().with(
      [](auto& value) -> decltype(value) { return value; }));
  CHECK(std::is_same_v<Seen, const int&>);
}

TEST_CASE("a function that throws leaves the lock free") {
  Guarded<int> value(1);
  CHECK_THROWS_AS(value.with([](int& number) {
    number = 2;
    throw std::runtime_error("on the way");
  }),
                  std::runtime_error);
  CHECK(value.with([](int number) { return number; }) == 2);
}
