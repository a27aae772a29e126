#include "tidegauge/model/pool_stats.h"

#include <cstddef>
#include <set>
#include <string_view>

#include "support/catch.h"
#include "tidegauge/model/call_stats.h"

using namespace tidegauge::model;

namespace {

/// The names of the first `count` values of an enumeration, each fit for a label.
template <class Enum>
std::set<std::string_view> names(std::size_t count) {
  std::set<std::string_view> names;
  for (std::size_t value = 0; value < count; ++value) {
    const auto name = to_string(static_cast<Enum>(value));
    CHECK(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos);
    names.insert(name);
  }
  return names;
}

}  // namespace

TEMPLATE_TEST_CASE_SIG("every value has a name of its own, and the count is that of the values", "",
                       ((typename Enum, std::size_t count), Enum, count),
                       (CloseReason, close_reason_count), (AcquireFailure, acquire_failure_count),
                       (CircuitState, circuit_state_count), (CallClass, call_class_count),
                       (Call, all_calls.size())) {
  const auto all = names<Enum>(count);
  CHECK(all.size() == count);
  CHECK_FALSE(all.contains("unknown"));
  CHECK(to_string(static_cast<Enum>(count)) == "unknown");
}

TEST_CASE("the list of calls has each call at the index of its value") {
  for (std::size_t i = 0; i < all_calls.size(); ++i) {
    CHECK(static_cast<std::size_t>(all_calls[i]) == i);
  }
}

TEST_CASE("the names are those of the labels") {
  CHECK(to_string(CloseReason::peer_closed) == "peer_closed");
  CHECK(to_string(AcquireFailure::queue_full) == "queue_full");
  CHECK(to_string(CircuitState::half_open) == "half_open");
  CHECK(to_string(CallClass::stream) == "stream");
  CHECK(to_string(Call::container_stats) == "container_stats");
}
