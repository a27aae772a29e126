#include "config/value_types.h"

#include <map>

#include "support/catch.h"

using namespace tidegauge;
using namespace tidegauge::config;
using namespace std::chrono_literals;

namespace {

/// Why a type refuses a value; empty when it does not.
template <class T>
std::string refusal(const ValueType<T>& type, const Value& value) {
  const auto parsed = type.parse(value);
  return parsed ? "" : parsed.error();
}

}  // namespace

TEST_CASE("a duration is whole numbers with units, the largest first") {
  const auto type = duration(0ms, 100h);
  const std::map<std::string, Milliseconds> written{
      {"10s", 10s}, {"500ms", 500ms},           {"5m", 5min},        {"1h", 1h}, {"1m30s", 90s},
      {"90s", 90s}, {"1h2m3s4ms", 3'723'004ms}, {"1h4ms", 1h + 4ms}, {"0", 0ms}, {"0s", 0ms},
  };
  for (const auto& [text, meaning] : written) {
    INFO(text);
    CHECK(type.parse(text).value() == meaning);
  }
}

TEST_CASE("a duration reads back from its text") {
  const auto type = duration(0ms, 100h);
  for (const auto value : {0ms, 1ms, 999ms, 1000ms, 1500ms, 60'000ms, 5'400'000ms, 86'399'999ms}) {
    CHECK(type.parse(type.print(value)).value() == value);
  }
  CHECK(type.print(90s) == Value("1m30s"));
}

TEST_CASE("a number without a unit is told to have none") {
  CHECK(refusal(duration(1s, 1h), "10") == "10 has no unit: write 10s or 10ms");
}

TEST_CASE("what is no duration is refused") {
  const auto* text = GENERATE("ten", "-1s", "+1s", "1.5s", "1 s", "s", "10sec", "30s1m", "1s1s",
                              "1m30", "10S", "1d", "99999999999999999999s", "10000000000000h");
  CHECK(refusal(duration(0ms, 1h), text) ==
        in_quotes(text) + " is not a duration as 10s, 500ms, 5m or 1m30s");
}

TEST_CASE("bounds belong to what is allowed") {
  CHECK(refusal(duration(1s, 1h), "1s").empty());
  CHECK(refusal(duration(1s, 1h), "1h").empty());
  CHECK(refusal(duration(1s, 1h), "999ms") == "999ms is less than 1s");
  CHECK(refusal(duration(1s, 1h), "61m") == "61m is more than 1h");
  CHECK(refusal(duration(1s, 1h), "0") == "0 is less than 1s");
  CHECK(refusal(number(1, 256), "1").empty());
  CHECK(refusal(number(1, 256), "256").empty());
  CHECK(refusal(number(1, 256), "0") == "0 is less than 1");
  CHECK(refusal(number(1, 256), "-1") == "-1 is less than 1");
  CHECK(refusal(number(1, 256), "257") == "257 is more than 256");
  CHECK(refusal(number(1, 256), "4294967297") == "4294967297 is more than 256");
}

TEST_CASE("zero can be allowed beside a range that it is not in") {
  const auto type = duration_or_zero(5s, 1h);
  CHECK(type.allowed == "5s to 1h, or 0");
  CHECK(type.parse("0").value() == 0ms);
  CHECK(refusal(type, "1ms") == "1ms is less than 5s");
}

TEST_CASE("what is no number is refused") {
  const auto* text = GENERATE("eight", "8.0", "0x8", "1e2", " 8", "8 ", "99999999999999999999");
  CHECK(refusal(number(1, 256), text) == in_quotes(text) + " is not a whole number");
}

TEST_CASE("a flag is true or false and nothing else") {
  CHECK(flag().parse("true").value());
  CHECK_FALSE(flag().parse("false").value());
  const auto* text = GENERATE("yes", "on", "1", "True", "FALSE");
  CHECK(refusal(flag(), text) == in_quotes(text) + " is none of the choices");
  CHECK(flag().allowed == "true, false");
}

TEST_CASE("a listen address is a host and a port, a Unix socket, or systemd") {
  const auto* good = GENERATE("127.0.0.1:9717", "[::1]:9717", ":9717", "localhost:0", "[::]:65535",
                              "unix:///run/tidegauge.sock", "unix:///run/a b,c:d", "systemd");
  CHECK(listen_addresses().parse(good) == std::vector<std::string>{good});
  CHECK(listen_addresses().parse(std::vector<std::string>{good, ":1"}) ==
        std::vector<std::string>{good, ":1"});
}

TEST_CASE("a listen address that cannot be one is refused with the reason") {
  const std::map<std::string, std::string> reasons{
      {"9717", " has no port"},
      {"localhost", " has no port"},
      {"localhost:", " has no valid port"},
      {"localhost:65536", " has no valid port"},
      {"localhost:http", " has no valid port"},
      {"localhost:-1", " has no valid port"},
      {"::1:9717", " needs brackets around its IPv6 address"},
      {"127.0.0.1:1,127.0.0.2:1", " needs brackets around its IPv6 address"},
      {"[::1:9717", " has no valid host"},
      {"[]:9717", " has no valid host"},
      {"http://localhost:9717", " has no valid host"},
      {"unix://run/web.sock", " is not the absolute path of a socket"},
      {"unix://", " is not the absolute path of a socket"},
      {"unix:///run/", " is not the absolute path of a socket"},
      {"unix:///" + std::string(107, 'x'), " is longer than 107 bytes"},
      {"Systemd", " has no port"},
  };
  for (const auto& [text, reason] : reasons) {
    INFO(text);
    CHECK(refusal(listen_addresses(), text) == in_quotes(text) + reason);
    CHECK(refusal(listen_addresses(), std::vector<std::string>{":1", text}) ==
          in_quotes(text) + reason);
  }
  CHECK(refusal(listen_addresses(), "unix:///" + std::string(106, 'x')).empty());
}

TEST_CASE("listen addresses are at least one, at most 16, and all different") {
  std::vector<std::string> items;
  CHECK(refusal(listen_addresses(), items) == "there is no address");
  CHECK(refusal(listen_addresses(), "") == "the value is empty");
  for (int port = 1; port <= 16; ++port) items.push_back(":" + std::to_string(port));
  CHECK(refusal(listen_addresses(), items).empty());
  items.emplace_back("systemd");
  CHECK(refusal(listen_addresses(), items) == "there are more than 16 addresses");
  CHECK(refusal(listen_addresses(), std::vector<std::string>{"systemd", ":1", "systemd"}) ==
        "\"systemd\" is there twice");
}

TEST_CASE("a mode is octal and lets the owner read and write") {
  CHECK(file_mode().parse("0660").value() == 0660);
  CHECK(file_mode().parse("777").value() == 0777);
  CHECK(file_mode().print(0606) == Value("0606"));
  CHECK(refusal(file_mode(), "0577") == "0577 is less than 0600");
  CHECK(refusal(file_mode(), "1777") == "1777 is more than 0777");
  const auto* text = GENERATE("0668", "0x1b0", "00660", "rw", "-660", "+660");
  CHECK(refusal(file_mode(), text) == in_quotes(text) + " is not a mode in octal");
}

TEST_CASE("a group has a name or a number, or is not said") {
  const auto* good = GENERATE("", "prometheus", "_apt", "www-data", "1000", "Domain.Users");
  CHECK(refusal(group_name(), good).empty());
  const auto* bad = GENERATE("-x", "a b", "a:b", "a/b");
  CHECK(refusal(group_name(), bad) == in_quotes(bad) + " is not the name of a group");
}

TEST_CASE("a directory is an absolute path or nothing") {
  CHECK(directory_path().parse("").value().empty());
  CHECK(directory_path().parse("/run/tidegauge").value() == "/run/tidegauge");
  CHECK(refusal(directory_path(), "run") == "\"run\" is no absolute path");
}

TEST_CASE("an Engine's address is refused with the reason and without what the row says anyway") {
  CHECK(refusal(engine_address(), "docker.sock") == "\"docker.sock\" is not an Engine's address");
  CHECK(refusal(engine_address(), "unix://docker.sock") ==
        "\"unix://docker.sock\" is not an absolute path");
  CHECK(refusal(engine_address(), "/" + std::string(106, 'x')).empty());
}

TEST_CASE("a list is a list, its items are different and not empty") {
  using Items = std::vector<std::string>;
  CHECK(list_of_text().parse(Items{}).value().empty());
  CHECK(list_of_text().parse(Items{"a", "b"}).value() == Items{"a", "b"});
  CHECK(refusal(list_of_text(), "a") == "\"a\" is not a list");
  CHECK(refusal(list_of_text(), Items{"a", ""}) == "an item is empty");
  CHECK(refusal(list_of_text(), Items{"a", "b", "a"}) == "\"a\" is there twice");
  CHECK(refusal(list_of_text(), Items{"a\nb"}) == "\"a?b\" has a control character");
  CHECK(refusal(number(1, 2), Items{"1"}) == "a list is not possible here");
}

TEST_CASE("a list of globs is refused with the glob that is wrong, and reads back") {
  using Items = std::vector<std::string>;
  const auto type = list_of_globs();
  const Items items{"web-*", "image:*/db:*", "label:team=shop"};
  CHECK(type.print(type.parse(items).value()) == Value(items));
  CHECK(refusal(type, Items{"web-*", "web-["}) ==
        "\"web-[\" has an unclosed [: close it, or write \\[ for one");
  CHECK(refusal(type, Items{""}) == "an item is empty");
  CHECK(refusal(type, Items{"a", "a"}) == "\"a\" is there twice");
  CHECK(refusal(type, "web-*") == "\"web-*\" is not a list");
}

TEST_CASE("text that YAML cannot print is no value") {
  const auto text = GENERATE(
      "[::\xd6"
      "9]:1",
      "[\xed\xa0\x80]:1", "\xef\xb7\x90:1", "\xef\xb7\xaf:1", "\xef\xbf\xbe:1", "\xef\xbf\xbf:1",
      "\xf0\x9f\xbf\xbe:1");
  CHECK_THAT(refusal(listen_addresses(), text),
             Catch::Matchers::EndsWith(" has bytes that are not UTF-8 text"));
  CHECK_THAT(refusal(list_of_text(), std::vector<std::string>{text}),
             Catch::Matchers::EndsWith(" has bytes that are not UTF-8 text"));
}

TEST_CASE("text beside what YAML cannot print is a value") {
  const std::string text = GENERATE("\xef\xb7\x8f:1", "\xef\xb7\xb0:1", "\xef\xbf\xbd:1",
                                    "\xe0\xbf\xbf:1", "\xf0\x9f\x90\x8b:1");
  CHECK(listen_addresses().parse(text) == std::vector{text});
}

TEST_CASE("nothing and control characters are no value") {
  CHECK(refusal(number(1, 2), "") == "the value is empty");
  CHECK(refusal(engine_address(), "/run/a\nb") == "\"/run/a?b\" has a control character");
}
