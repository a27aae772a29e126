#include "config/loading.h"

#include <map>

#include "support/catch.h"
#include "support/temporary_directory.h"

namespace tidegauge::test {
namespace {

std::expected<config::Loaded, std::string> load_text(std::string_view text, const Beside& beside) {
  const TemporaryDirectory directory;
  const auto path = directory.write("config.yaml", text);
  const auto result = config::load(
      {.file = path, .environment = beside.environment, .overrides = beside.overrides});
  if (result) return *result;
  auto told = config::to_string(result.error());
  const auto prefix = directory.path().string() + "/";
  for (auto at = told.find(prefix); at != std::string::npos; at = told.find(prefix)) {
    told.erase(at, prefix.size());
  }
  return std::unexpected(told);
}

std::string as_yaml(const config::Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return "'" + *text + "'";
  return "[" + config::one_line(value) + "]";
}

}  // namespace

config::Loaded loaded(std::string_view text, const Beside& beside) {
  auto result = load_text(text, beside);
  if (!result) FAIL("not valid:\n" << text << "\n" << result.error());
  return *std::move(result);
}

std::string mistakes_in(std::string_view text, const Beside& beside) {
  auto result = load_text(text, beside);
  if (result) FAIL("valid, but must not be:\n" << text);
  return result.error();
}

std::string file_of(const std::vector<std::pair<std::string, config::Value>>& values) {
  std::map<std::string, std::string> text_of;
  for (const auto& [path, value] : values) {
    const auto dot = path.find('.');
    text_of[path.substr(0, dot)].append("  " + path.substr(dot + 1) + ": " + as_yaml(value) + "\n");
  }
  std::string out;
  for (const auto& [section, lines] : text_of) out.append(section).append(":\n").append(lines);
  return out;
}

}  // namespace tidegauge::test
