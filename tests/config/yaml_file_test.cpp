#include "config/yaml_file.h"

#include "config/loading.h"
#include "support/catch.h"

using namespace tidegauge;
using namespace tidegauge::config;
using test::contains;
using test::loaded;
using test::mistakes_in;

TEST_CASE("a file that says nothing is every option at its default") {
  const auto* text = GENERATE("", "\n", "# a comment\n", "---\n", "{}", "~", "pool:\n",
                              "pool:\n  # max_connections: 8\nlog: ~\nweb: {}\n", "\xef\xbb\xbf");
  CHECK(loaded(text).config == Config{});
}

TEST_CASE("a value may be written in any way that YAML has for it") {
  const auto* text = GENERATE(
      "pool:\n  max_streams: 7\n", "pool: {max_streams: 7}", "{\"pool\": {max_streams: 7}}",
      "pool:\n  max_streams: '7'\n", "pool:\n  max_streams: \"7\" # seven\n",
      "pool:\r\n  max_streams: 7\r\n", "---\npool:\n  max_streams: 7\n...\n",
      "web: {max_connections: &seven 7}\npool: {max_streams: *seven}\n");
  CHECK(loaded(text).config.pool.max_streams == 7);
}

TEST_CASE("a list may be written in any way that YAML has for it") {
  const auto* text = GENERATE("container_monitor:\n  labels: [a, b]\n",
                              "container_monitor:\n  labels:\n  - a\n  - \"b\"\n");
  CHECK(loaded(text).config.container_monitor.labels == std::vector<std::string>{"a", "b"});
  CHECK(loaded("container_monitor: {labels: []}").config.container_monitor.labels.empty());
}

TEST_CASE("a value of the wrong shape is a mistake") {
  CHECK_THAT(mistakes_in("pool: {max_streams: [7]}"),
             contains("pool.max_streams: a list is not possible here; allowed: 1 to 256"));
  CHECK_THAT(mistakes_in("pool: {max_streams: {a: 7}}"),
             contains("pool.max_streams: holds names and values instead of a value; allowed: "));
  CHECK_THAT(mistakes_in("pool: {max_streams: }"), contains("pool.max_streams: has no value"));
  CHECK_THAT(mistakes_in("container_monitor: {labels: }"), contains(".labels: has no value"));
  CHECK_THAT(mistakes_in("container_monitor: {labels: [[a]]}"),
             contains(".labels: has an item that is no text"));
}

TEST_CASE("a key given twice is a mistake that names both lines") {
  CHECK(mistakes_in("log:\n  level: info\n  level: info\n") ==
        "config.yaml:3: log.level: is set already, at config.yaml:2; keep one of them\n");
  CHECK(mistakes_in("log:\nweb:\nlog:\n") ==
        "config.yaml:3: log: is there twice, first on line 1; keep one of them\n");
}

TEST_CASE("an unknown key is told with the closest known one, or with all of them") {
  CHECK(mistakes_in("log:\n  lvel: info\n") ==
        "config.yaml:2: \"lvel\" is no option of log; did you mean level?\n");
  CHECK(mistakes_in("log:\n  colour: red\n") ==
        "config.yaml:2: \"colour\" is no option of log; allowed: level, format\n");
  CHECK_THAT(mistakes_in("pool:\n  failure_threshold: 3\n"),
             contains("config.yaml:2: \"failure_threshold\" is no option of pool; allowed: "));
  CHECK(mistakes_in("max_streams: 3\n") ==
        "config.yaml:1: \"max_streams\" is no section; did you mean pool.max_streams?\n");
  CHECK(mistakes_in("? [a]\n: 3\n") ==
        "config.yaml:1: \"\" is no section; allowed: endpoints, container_monitor, pool, web, "
        "metrics, path, log\n");
}

TEST_CASE("a file without sections is a mistake") {
  const auto* text = GENERATE("pool", "[pool]", "42");
  CHECK(mistakes_in(text) ==
        "config.yaml:1: the file must hold sections; allowed: endpoints, container_monitor, pool, "
        "web, metrics, path, log, each with a colon\n");
}

TEST_CASE("a second document is a mistake, not silence") {
  CHECK(mistakes_in("pool:\n---\nlog:\n") ==
        "config.yaml:2: a second document begins here; allowed: one, without ---\n");
  CHECK_THAT(mistakes_in("pool:\n---\n"), contains("a second document begins here"));
}

TEST_CASE("text that is no document ends the reading") {
  CHECK(mistakes_in(",pool: 1\n") ==
        "config.yaml:1: a second document begins here; allowed: one, without ---\n");
  const auto* text = GENERATE("]", "}", ",", "pool: {},", "pool:\n  ,\n", "- ,\n", "? ,\n");
  CHECK_THAT(mistakes_in(text), contains("config.yaml:"));
}

TEST_CASE("what is not YAML is told with its line, beside the mistakes of other sources") {
  const auto told =
      mistakes_in("pool:\n  max_streams: [7\nlog:\n", {{"TIDEGAUGE_POOL_MAX_STREAMS=0"}, {}});
  CHECK_THAT(told, contains("config.yaml:3: is not valid YAML: "));
  CHECK_THAT(told, contains("TIDEGAUGE_POOL_MAX_STREAMS: 0 is less than 1"));
  CHECK_THAT(mistakes_in("pool:\n\tmax_streams: 7\n"), contains("is not valid YAML: "));
  CHECK_THAT(mistakes_in("pool: *nowhere\n"), contains("config.yaml:1: is not valid YAML: "));
  CHECK_THAT(mistakes_in(std::string(100'000, '[')), contains("is not valid YAML: "));
}
