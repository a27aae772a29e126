// The members that docs/api.md names are those that are written.

#include "tidegauge/status/api.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <string_view>

#include "status/api_example.h"
#include "support/catch.h"

using namespace tidegauge;

namespace {

using Names = std::set<std::string>;

/// "`name`" and "`first`, `second`" of the first cells of the table below a heading.
Names documented(const std::string& heading) {
  std::ifstream file(TIDEGAUGE_SOURCE_DIR "/docs/api.md");
  std::string line;
  while (std::getline(file, line) && line != heading) {
  }
  Names names;
  while (std::getline(file, line) && !line.starts_with("#")) {
    if (!line.starts_with("| `")) continue;
    const auto cell = line.substr(0, line.find('|', 1));
    const std::regex name("`([^`]+)`");
    for (std::sregex_iterator at(cell.begin(), cell.end(), name), end; at != end; ++at) {
      names.insert((*at)[1]);
    }
  }
  return names;
}

/// Have a table of their own.
constexpr std::array<std::string_view, 2> shared{"use", "history"};
/// Whose names are no members, but what is counted or called so.
constexpr std::array<std::string_view, 6> open{"labels",
                                               "containers_by_state",
                                               "acquire_failures",
                                               "connections_closed",
                                               "circuit_transitions",
                                               "stuck_operations"};
/// Each element has a table: its members have no prefix.
constexpr std::array<std::string_view, 3> elements{"engines", "containers", "pools"};

template <class List>
bool is_in(const List& list, std::string_view name) {
  return std::ranges::find(list, name) != list.end();
}

struct Written {
  Names names;
  Names use;
  Names history;

  void add(json::Value object, const std::string& prefix, Names& out) {
    for (const auto [key, value] : object.members()) {
      const auto name = prefix + std::string(key);
      out.insert(name);
      if (is_in(open, key)) continue;
      if (is_in(shared, key)) {
        add(value, "", key == "use" ? use : history);
      } else if (value.is_object()) {
        add(value, name + ".", out);
      } else if (value.is_array()) {
        const auto below = is_in(elements, key) ? "" : name + "[].";
        for (const auto element : value.elements()) {
          if (element.is_object()) add(element, below, out);
        }
      }
    }
  }
};

Written written(const std::string& text) {
  const auto document = test::parsed(text);
  Written all;
  all.add(document.root(), "", all.names);
  return all;
}

Names joined(Names names, const Names& more) {
  names.insert(more.begin(), more.end());
  return names;
}

}  // namespace

TEST_CASE("docs/api.md names the members of an Engine that are written, and no others") {
  const test::ApiExample example;
  CHECK(written(engines_json(example.input())).names == documented("### `GET /api/v1/engines`"));
}

TEST_CASE("docs/api.md names the members of a container that are written, and no others") {
  const test::ApiExample example;
  const auto list = written(containers_json(example.input())).names;
  CHECK(list == documented("### `GET /api/v1/containers`"));
  const auto one = written(*container_json(example.input(), "local", "web", {{"nginx"}})).names;
  Names more;
  std::ranges::set_difference(one, list, std::inserter(more, more.end()));
  CHECK(more == documented("### `GET /api/v1/containers/ENDPOINT/NAME`"));
  Names missing;
  std::ranges::set_difference(list, one, std::inserter(missing, missing.end()));
  CHECK(missing == Names{"containers"});
}

TEST_CASE("docs/api.md names the members of a pool that are written, and no others") {
  const test::ApiExample example;
  CHECK(written(pool_json(example.input())).names == documented("### `GET /api/v1/pool`"));
}

TEST_CASE("docs/api.md names the members of use and history that are written, and no others") {
  const test::ApiExample example;
  const auto engines = written(engines_json(example.input()));
  const auto one = written(*container_json(example.input(), "local", "web"));
  CHECK(joined(engines.use, one.use) == documented("### Members of `use`"));
  CHECK(joined(engines.history, one.history) == documented("### Members of `history`"));
}
