#include "app/state_file.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "app/any_state.h"
#include "app/example_ends.h"
#include "support/catch.h"
#include "support/temporary_directory.h"

using namespace tidegauge;
using monitor::RestoredState;
using test::contains;
using test::error_of;
using test::is_same;
using test::value_of;

namespace {

std::string text_of(const RestoredState& state, std::string_view endpoint = "local") {
  std::string text;
  const auto add = [&](std::string_view line) -> Result<void> {
    text += line;
    return {};
  };
  REQUIRE(app::for_each_state_line(endpoint, state, add));
  return text;
}

RestoredState example() {
  return {.ends = *test::shared({test::oom_end(), test::unknown_end()}),
          .lifecycles = {{"web", {.counted_since = test::example_time, .restarts = 3}}},
          .saved_at = test::example_time,
          .followed_until = test::example_time - std::chrono::nanoseconds(7)};
}

std::string why_refused(const std::string& text) {
  return error_of(app::parse_state(text, "local")).message;
}

std::string replaced(std::string text, const std::string& part, const std::string& by) {
  const auto at = text.find(part);
  REQUIRE(at != std::string::npos);
  return text.replace(at, part.size(), by);
}

}  // namespace

TEST_CASE("what is saved of an Engine reads back as the same") {
  CHECK(is_same(value_of(app::parse_state(text_of(example()), "local")), example()));
  CHECK(is_same(value_of(app::parse_state(text_of({}), "local")), {}));
  CHECK(rc::check([] {
    const auto state = test::any_state();
    const auto again = app::parse_state(text_of(state), "local");
    RC_ASSERT(again.has_value());
    RC_ASSERT(is_same(*again, state));
  }));
}

TEST_CASE("a text that is cut off anywhere is refused") {
  const auto text = text_of(example());
  for (std::size_t length = 0; length < text.size(); ++length) {
    CHECK_FALSE(app::parse_state(text.substr(0, length), "local"));
  }
}

TEST_CASE("a text of another version, another Engine or another length is refused") {
  const auto text = text_of(example());
  CHECK(why_refused(replaced(text, "\"tidegauge_state\":1", "\"tidegauge_state\":2")) ==
        "it has another version than 1");
  CHECK(why_refused(replaced(text, "\"tidegauge_state\":1,", "")) ==
        "it has another version than 1");
  CHECK(why_refused(text_of(example(), "remote")) == "it is of another Engine");
  CHECK_THAT(why_refused(replaced(text, "\"ends\":2", "\"ends\":1")),
             contains("the counts of a name"));
  CHECK(why_refused(replaced(text, "\"names\":1", "\"names\":2")) == "it is cut off");
  CHECK_THAT(why_refused(replaced(text, "\"ends\":2", "\"ends\":1001")), contains("more ends"));
  CHECK_THAT(why_refused(replaced(text, "\"ends\":2", "\"ends\":-2")),
             contains("ends is no count"));
  CHECK_THAT(why_refused(text + "{}\n"), contains("more lines than its first one says"));
  CHECK_THAT(why_refused(replaced(text, "\"cause\":\"oom\"", "\"cause\":1")), contains("cause"));
  CHECK_THAT(why_refused(replaced(text, "\"restarts\":3", "\"restarts\":[]")),
             contains("restarts"));
  CHECK(why_refused("") == "it is cut off");
}

TEST_CASE("a text that is changed anywhere is read or refused, and never ends the program") {
  const auto text = text_of(example());
  CHECK(rc::check([&] {
    auto changed = text;
    for (int left = *rc::gen::inRange(1, 8); left > 0; --left) {
      const auto at = *rc::gen::inRange<std::size_t>(0, changed.size());
      switch (*rc::gen::inRange(0, 3)) {
        case 0:
          changed[at] = *rc::gen::arbitrary<char>();
          break;
        case 1:
          changed.erase(at, *rc::gen::inRange<std::size_t>(1, 50));
          break;
        default:
          changed.insert(at, changed.substr(at / 2, 40));
      }
    }
    const auto state = app::parse_state(changed, "local");
    if (state) RC_ASSERT(app::parse_state(text_of(*state), "local").has_value());
  }));
}

TEST_CASE("a file has a bounded number of ends and names, and of ends the latest") {
  RestoredState state;
  for (std::uint64_t number = 1; number <= app::most_saved_ends + 1; ++number) {
    state.ends.push_back(std::make_shared<const model::RunEnd>(model::RunEnd{.number = number}));
  }
  state.lifecycles.resize(app::most_saved_names + 1);
  const auto again = value_of(app::parse_state(text_of(state), "local"));
  REQUIRE(again.ends.size() == app::most_saved_ends);
  CHECK(again.ends.front()->number == 2);
  CHECK(again.ends.back()->number == app::most_saved_ends + 1);
  CHECK(again.lifecycles.size() == app::most_saved_names);
}

TEST_CASE(
    "an Engine's file has a name of its own in the directory, whatever the Engine is called") {
  CHECK(app::state_file_name("local") == "local.state");
  CHECK(app::state_file_name("../a b") == "%2e%2e%2fa%20b.state");
  CHECK(app::state_file_name("") == ".state");
  CHECK(app::state_file_name("a.b") != app::state_file_name("a%2eb"));
  CHECK(app::state_file_name(std::string(63, '/')).size() < 255);
}

TEST_CASE("a file is written with mode 0600 and read back, and replaced as a whole") {
  const test::TemporaryDirectory directory;
  const auto path = directory.file("local.state");
  CHECK_FALSE(value_of(app::read_state_file(path, "local")));
  REQUIRE(app::write_state_file(path, "local", example()));
  CHECK(is_same(value_of(app::read_state_file(path, "local")).value(), example()));
  CHECK(std::filesystem::status(path).permissions() ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  std::ignore = directory.write("local.state.tmp", "of a daemon that was killed");
  REQUIRE(app::write_state_file(path, "local", {}));
  CHECK(value_of(app::read_state_file(path, "local"))->ends.empty());
  CHECK(std::distance(std::filesystem::directory_iterator(directory.path()), {}) == 1);
}

TEST_CASE("where a file cannot be written the error names it, and the old one stays") {
  const test::TemporaryDirectory directory;
  const auto path = directory.file("local.state");
  CHECK_THAT(error_of(app::write_state_file("/nonexistent/a.state", "local", {})).message,
             contains("/nonexistent/a.state.tmp: No such file or directory"));
  std::filesystem::create_directory(path);
  std::filesystem::create_directory(path + "/full");
  CHECK_THAT(error_of(app::write_state_file(path, "local", {})).message,
             contains("rename to " + path));
  CHECK_FALSE(std::filesystem::exists(path + ".tmp"));
}

TEST_CASE("what is no file, is a link or is too large is not read") {
  const test::TemporaryDirectory directory;
  CHECK_FALSE(app::read_state_file(directory.path(), "local"));
  const auto path = directory.file("local.state");
  std::filesystem::create_symlink(directory.write("elsewhere", text_of(example())), path);
  CHECK_FALSE(app::read_state_file(path, "local"));
  std::filesystem::remove(path);
  std::ofstream(path).put('x');
  std::filesystem::resize_file(path, app::most_file_bytes + 1);
  CHECK(error_of(app::read_state_file(path, "local")).message == "it is too large");
}
