// docs/metrics.md against the program, and the stored page against both.

#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include "config/options.h"
#include "support/catch.h"
#include "support/golden_file.h"
#include "support/temporary_directory.h"
#include "tidegauge/metrics/page.h"

using namespace tidegauge;

namespace {

using LabelsByName = std::map<std::string, std::set<std::string>>;

std::set<std::string> split(const std::string& list) {
  std::istringstream stream(list);
  std::set<std::string> words;
  for (std::string word; stream >> word;) {
    words.insert(word.substr(0, word.find(',')));
  }
  return words;
}

/// From the reference's rows: | `name` | type | labels | meaning |
LabelsByName documented_metrics() {
  LabelsByName metrics;
  std::istringstream page(metrics::print_reference());
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("| `")) continue;
    const auto name_end = line.find("` | ");
    const auto labels = line.find(" | ", name_end + 4) + 3;
    metrics[line.substr(3, name_end - 3)] =
        split(line.substr(labels, line.find(" | ", labels) - labels));
  }
  return metrics;
}

/// The labels of a sample without those that come from what the metric is about.
std::set<std::string> own_labels(const std::string& sample) {
  std::set<std::string> names;
  for (auto equals = sample.find("=\""); equals != std::string::npos;
       equals = sample.find("=\"", equals + 1)) {
    const auto begin = sample.find_last_of("{,", equals) + 1;
    names.insert(sample.substr(begin, equals - begin));
  }
  for (const auto* name :
       {"id", "name", "image", "container_label_com_docker_compose_project", "endpoint", "le"}) {
    names.erase(name);
  }
  return names;
}

LabelsByName metrics_on_stored_page() {
  LabelsByName metrics;
  std::istringstream page(test::read_file(TIDEGAUGE_TEST_DATA "/page.prom"));
  std::string family;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("# TYPE ")) family = line.substr(7, line.rfind(' ') - 7);
    if (!line.starts_with('#')) metrics[family].merge(own_labels(line));
  }
  return metrics;
}

}  // namespace

TEST_CASE("docs/metrics.md is what the program prints") {
  test::check_golden_file(TIDEGAUGE_SOURCE_DIR "/docs/metrics.md", metrics::print_reference());
}

TEST_CASE("the stored page has a sample of every metric, with the labels that are documented") {
  auto documented = documented_metrics();
  std::erase_if(documented,
                [](const auto& metric) { return metric.first.starts_with("process_"); });
  for (auto& [name, labels] : documented) labels.erase("endpoint");  // it shows one Engine
  const auto on_page = metrics_on_stored_page();
  CHECK(documented.size() > 70);
  for (const auto& [name, labels] : documented) {
    INFO(name);
    REQUIRE(on_page.contains(name));
    CHECK(on_page.at(name) == labels);
  }
  CHECK(on_page.size() == documented.size());
}

TEST_CASE("the groups in the headings are those that metrics.disable knows") {
  constexpr std::string_view mark = "group `";
  std::set<std::string> in_headings;
  std::istringstream page(metrics::print_reference());
  for (std::string line; std::getline(page, line);) {
    const auto begin = line.find(mark);
    if (!line.starts_with("## ") || begin == std::string::npos) continue;
    const auto name = line.substr(begin + mark.size());
    in_headings.insert(name.substr(0, name.find('`')));
  }
  constexpr std::string_view prefix = "any number of ";
  const auto& allowed = config::find_option("metrics.disable")->allowed;
  REQUIRE(allowed.starts_with(prefix));
  in_headings.insert("per_cpu");  // it changes the labels of a metric in group cpu
  CHECK(in_headings == split(allowed.substr(prefix.size())));
}
