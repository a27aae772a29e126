#include "tidegauge/model/call_stats.h"

#include <set>

#include "support/catch.h"

using namespace tidegauge;

TEST_CASE("every call has a place in the counts and a label of its own") {
  std::set<std::string_view> labels;
  for (std::size_t place = 0; place < model::all_calls.size(); ++place) {
    CHECK(static_cast<std::size_t>(model::all_calls[place]) == place);
    labels.insert(to_string(model::all_calls[place]));
  }
  CHECK(labels.size() == model::all_calls.size());
  CHECK_FALSE(labels.contains("unknown"));
  CHECK(to_string(model::Call::container_inspect) == "container_inspect");
}
