#include "config/options.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <set>

#include "config/loading.h"
#include "support/catch.h"

using namespace tidegauge;
using namespace tidegauge::config;
using test::file_of;
using test::loaded;

namespace {

/// Converts to the type of any member, to count how many an aggregate has.
struct Anything {
  template <class T>
  operator T() const;  // NOLINT(google-explicit-constructor): the point of it
};

template <class Aggregate, class... Members>
constexpr std::size_t member_count() {
  if constexpr (requires { Aggregate{Members{}..., Anything{}}; }) {
    return member_count<Aggregate, Members..., Anything>();
  } else {
    return sizeof...(Members);
  }
}

std::size_t row_count(std::string_view section) {
  return static_cast<std::size_t>(std::ranges::count(options(), section, &Option::section));
}

/// Values to try: one of them differs from the default of any option and is allowed.
std::vector<Value> other_values(const Option& option) {
  std::vector<Value> values{"https://10.0.0.5:2376",
                            "[::1]:9718",
                            "/host/proc",
                            "false",
                            "true",
                            std::vector<std::string>{"one", "two"}};
  if (option.type == "octal mode") values = {"0606"};
  if (option.type == "file") values = {TIDEGAUGE_SOURCE_DIR "/README.md"};
  if (option.type == "list of choices") {
    values = {std::vector<std::string>{"pool", "cpu"},
              std::vector<std::string>{"processes", "per_cpu"}};
  }
  if (option.type == "choice") {
    for (const auto* word : {"random", "json", "debug", "minimal", "kernel", "always"}) {
      values.emplace_back(word);
    }
  }
  if (option.type == "number") {
    const auto now = std::stoul(std::get<std::string>(option.get(Config{})));
    for (const auto number : {now + 1, now - 1}) values.emplace_back(std::to_string(number));
  }
  if (option.type == "duration") {
    const Config config;
    const auto now = duration(Milliseconds(0), std::chrono::hours(1000)).parse(option.get(config));
    for (const auto length : {*now * 2, *now / 2, Milliseconds(20'000), Milliseconds(5000)}) {
      values.emplace_back(std::to_string(length.count()) + "ms");
    }
  }
  return values;
}

/// A value that the option allows and that is not its default. Durations are doubled, so that
/// each alone and all together keep the rules between options.
Value changed(const Option& option) {
  for (const auto& value : other_values(option)) {
    Config config;
    if (option.set(config, value) && option.get(config) != option.get(Config{})) return value;
  }
  FAIL("no other value is known for " << option.path << ": add one to other_values");
  return {};
}

/// The configuration in which every option has its changed value.
Config changed_config() {
  Config config;
  for (const auto& option : options()) REQUIRE(option.set(config, changed(option)));
  return config;
}

}  // namespace

TEST_CASE("every member of the configuration has its row") {
  CHECK(row_count("container_monitor") == member_count<MonitorConfig>());
  const auto of_short_form = std::ranges::count(options(), true, &Option::describes_endpoint);
  constexpr std::size_t address_and_pid_file = 2;
  CHECK(of_short_form ==
        static_cast<std::ptrdiff_t>(address_and_pid_file + member_count<model::TlsFiles>()));
  constexpr std::size_t tuning = 1;  // has no options
  CHECK(row_count("pool") ==
        member_count<PoolConfig>() - tuning + static_cast<std::size_t>(of_short_form));
  CHECK(row_count("web") == member_count<WebConfig>());
  CHECK(row_count("metrics") == member_count<MetricsConfig>());
  CHECK(row_count("path") == member_count<PathConfig>());
  CHECK(row_count("log") == member_count<LogConfig>());
  CHECK(sections().size() + 1 == member_count<Config>());
}

TEST_CASE("the pool has the options that a user can reason about, and no others") {
  std::vector<std::string> names;
  for (const auto& option : options()) {
    if (option.section() == "pool" && !option.describes_endpoint) names.emplace_back(option.name());
  }
  CHECK(names == std::vector<std::string>{"max_connections", "min_connections", "max_streams",
                                          "balancing", "connection_timeout",
                                          "health_check_interval", "idle_timeout", "max_lifetime",
                                          "leak_threshold", "connect_timeout", "probe_timeout",
                                          "list_timeout", "call_timeout"});
}

TEST_CASE("a row sets its own member and no other") {
  for (const auto& option : options()) {
    INFO(option.path);
    Config config;
    REQUIRE(option.set(config, changed(option)));
    CHECK_FALSE(config == Config{});
    for (const auto& other : options()) {
      CHECK((other.get(config) == other.get(Config{})) == (&other != &option));
    }
  }
}

TEST_CASE("every name means one option, in the file and in the environment") {
  std::set<std::string> names;
  std::set<std::string> variables;
  for (const auto& option : options()) {
    CHECK_FALSE(option.help.empty());
    CHECK_FALSE(option.allowed.empty());
    for (const auto& spelling : option.spellings()) {
      CHECK(names.insert(spelling).second);
      CHECK(variables.insert(environment_variable(spelling)).second);
      CHECK(find_option(spelling) == &option);
    }
  }
  CHECK(find_option("pool") == nullptr);
  CHECK(environment_variable("container_monitor.interval") ==
        "TIDEGAUGE_CONTAINER_MONITOR_INTERVAL");
}

TEST_CASE("every section of a row is known") {
  for (const auto& option : options()) {
    CHECK(std::ranges::count(sections(), option.section(), &Section::name) == 1);
  }
}

TEST_CASE("every option is set by the file") {
  std::vector<std::pair<std::string, Value>> values;
  for (const auto& option : options()) values.emplace_back(option.path, changed(option));
  CHECK(loaded(file_of(values)).config == changed_config());
}

TEST_CASE("every option is set by the environment") {
  std::vector<std::string> environment{"PATH=/usr/bin", "TIDEGAUGE_CONFIG=/etc/other.yaml"};
  for (const auto& option : options()) {
    environment.push_back(environment_variable(option.path) + "=" + one_line(changed(option)));
  }
  CHECK(loaded("", {.environment = environment, .overrides = {}}).config == changed_config());
}

TEST_CASE("every option is set by the command line") {
  std::vector<std::pair<std::string, std::string>> overrides;
  for (const auto& option : options()) {
    overrides.emplace_back(option.path, one_line(changed(option)));
  }
  CHECK(loaded("", {.environment = {}, .overrides = overrides}).config == changed_config());
}

TEST_CASE("every option is set under each of its names") {
  for (const auto& option : options()) {
    Config expected;
    REQUIRE(option.set(expected, changed(option)));
    for (const auto& alias : option.aliases) {
      INFO(alias);
      CHECK(loaded(file_of({{alias, changed(option)}})).config == expected);
      const auto variable = environment_variable(alias) + "=" + one_line(changed(option));
      CHECK(loaded("", {.environment = {variable}, .overrides = {}}).config == expected);
      CHECK(loaded("", {.environment = {}, .overrides = {{alias, one_line(changed(option))}}})
                .config == expected);
    }
  }
}

TEST_CASE("a printed configuration loads to itself") {
  CHECK(loaded(print_config(Config{})).config == Config{});

  auto config = changed_config();
  config.endpoints.push_back({"null", *model::parse_engine_address("https://[::1]:2376")});
  config.endpoints.back().stats_source = StatsChoice::kernel;
  config.endpoints.push_back({"7.-_x", *model::parse_engine_address("/run/a b: #c\"d'\\.sock")});
  config.container_monitor.labels = {"null", "~",  "a: b", "#x", "- y",  "é",
                                     "'q'",  "\"", "1",    "@",  "true", "a,b"};
  CHECK(loaded(print_config(config)).config == config);
  config.container_monitor.labels.clear();
  CHECK(loaded(print_config(config)).config == config);
}
