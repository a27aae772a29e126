#include "metrics/metric_groups.h"

#include <cstddef>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "support/catch.h"

using namespace tidegauge;
using metrics::container_groups;
using metrics::engine_groups;

namespace {

void for_each_group(const auto& use) {
  std::apply([&](const auto&... group) { (use(group), ...); }, container_groups);
  std::apply([&](const auto&... group) { (use(group), ...); }, engine_groups);
}

}  // namespace

TEST_CASE("each group of the configuration has one row with a heading") {
  std::map<config::MetricGroup, int> rows;
  for_each_group([&](const auto& group) {
    if (!group.name) return;
    ++rows[*group.name];
    CHECK_FALSE(group.heading.empty());
  });
  rows[config::MetricGroup::per_cpu] = 1;  // it changes the labels of a metric in group cpu
  for (const auto& [group, name, optional] : config::metric_group_names) {
    INFO(name);
    CHECK(rows[group] == 1);
  }
}

TEST_CASE("no metric is in two groups, and no group is empty") {
  std::set<std::string_view> names;
  for_each_group([&](const auto& group) {
    CHECK_FALSE(group.rows().empty());
    for (const auto& row : group.rows()) {
      INFO(row.family.name);
      CHECK(names.insert(row.family.name).second);
      CHECK(row.family.help.ends_with('.'));
    }
  });
}

TEST_CASE("a group selects only what is there") {
  for_each_group([](const auto& group) {
    using Source = typename std::decay_t<decltype(group)>::Source;
    std::vector<metrics::Subject<Source>> subjects;
    metrics::LabelSets label_sets;
    group.select({}, metrics::Selection(subjects, label_sets, 0));
    CHECK(subjects.empty());
  });
}

TEST_CASE("a group that is not shown selects nothing") {
  metrics::SubjectsOf subjects(container_groups);
  metrics::LabelSets label_sets;
  model::ContainerStats stats;
  stats.cpu.emplace();
  stats.memory.emplace();
  subjects.select(metrics::ContainerScope{.labels = "name=\"web\",", .stats = &stats}, 7,
                  label_sets,
                  [](const auto& group) { return group.name != config::MetricGroup::cpu; });
  std::size_t selected = 0;
  subjects.for_each([&](const auto& group, const auto& chosen) {
    selected += chosen.size();
    if (chosen.empty()) return;
    CHECK(group.name == config::MetricGroup::memory);
    CHECK(chosen.front().labels == "name=\"web\",");
    CHECK(chosen.front().owner == 7);
  });
  CHECK(selected == 1);
}

TEST_CASE("interfaces that Docker names come before others, and devices are repeated") {
  model::ContainerStats stats;
  stats.networks.resize(2);
  stats.networks[0].interface = "eth0";
  stats.networks[1].interface = "wg0";
  stats.block_io.resize(1);
  stats.block_io[0].major = 8;
  metrics::SubjectsOf subjects(container_groups);
  metrics::LabelSets label_sets;
  subjects.select(metrics::ContainerScope{.stats = &stats}, 0, label_sets,
                  [](const auto& /*group*/) { return true; });
  std::map<std::string_view, metrics::Priority> priorities;
  subjects.for_each([&](const auto& /*group*/, const auto& chosen) {
    for (const auto& subject : chosen) priorities[subject.labels] = subject.priority;
  });
  CHECK(priorities == std::map<std::string_view, metrics::Priority>{
                          {"interface=\"eth0\",", metrics::Priority::docker_interface},
                          {"interface=\"wg0\",", metrics::Priority::repeated},
                          {"device=\"8:0\",", metrics::Priority::repeated}});
}
