#include "tidegauge/model/error.h"

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.h"

using namespace tidegauge;

namespace {

constexpr auto last_code = Errc::system;

/// Every code there is.
std::vector<Errc> all_codes() {
  std::vector<Errc> codes;
  for (int code = 0; code <= static_cast<int>(last_code); ++code) {
    codes.push_back(static_cast<Errc>(code));
  }
  return codes;
}

Result<int> read_number() {
  return fail(Errc::stalled, "nothing came for 1 s");
}

Result<std::string> describe() {
  const auto number = read_number();
  if (!number) return fail(number.error().within("read of the number"));
  return std::to_string(*number);
}

}  // namespace

TEST_CASE("an error keeps its code and collects its trail, the outermost part first") {
  const auto text = describe();
  REQUIRE_FALSE(text);
  const auto error = text.error().within("description");
  CHECK(error.code == Errc::stalled);
  CHECK(error.message == "description: read of the number: nothing came for 1 s");
}

TEST_CASE("an addition to the trail does not change the original error") {
  const Error error{Errc::timeout, "too late"};
  CHECK(error.within("inspect of web").message == "inspect of web: too late");
  CHECK(error.message == "too late");
}

TEST_CASE("every code has a unique name that can be a label") {
  std::set<std::string_view> names;
  for (const auto code : all_codes()) {
    const auto name = to_string(code);
    CHECK(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos);
    CHECK(name != "unknown");
    names.insert(name);
  }
  CHECK(names.size() == all_codes().size());
  CHECK(to_string(static_cast<Errc>(static_cast<int>(last_code) + 1)) == "unknown");
}

TEST_CASE("only failures of the Engine or its address blame them") {
  std::set<Errc> engine;
  std::set<Errc> configuration;
  for (const auto code : all_codes()) {
    if (blames_engine(code)) engine.insert(code);
    if (blames_configuration(code)) configuration.insert(code);
  }
  CHECK(configuration == std::set{Errc::permission_denied, Errc::misconfigured});
  // Not the limits of single calls: one slow container is no outage.
  CHECK(engine == std::set{Errc::permission_denied, Errc::misconfigured, Errc::unreachable,
                           Errc::connect_timeout, Errc::connection_lost, Errc::protocol});
}
