// The configuration file. What is accepted must read back the same, and every number in it must
// stand in the file or be the default.

#include "config/options.h"
#include "fuzz/memory_file.h"
#include "fuzz/oracle.h"
#include "tidegauge/config/loader.h"

using namespace tidegauge;

namespace {

std::expected<config::Loaded, std::vector<config::Mistake>> load(std::string_view text) {
  const fuzz::MemoryFile file(text);
  return config::load({.file = file.path(), .environment = {}, .overrides = {}});
}

void check_numbers(std::string_view text, const config::Config& loaded) {
  if (text.find('\\') != std::string_view::npos) return;  // digits may be written as escapes
  const fuzz::WholeNumbers numbers(text);
  const config::Config standard;
  for (const auto& option : config::options()) {
    const auto value = option.get(loaded);
    if (option.type != "number" || value == option.get(standard)) continue;
    if (option.path == config::in_flight_path) continue;  // follows the size of the pool
    if (!numbers.contain(std::get<std::string>(value))) {
      fuzz::finding(option.path + " is what nobody said");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::text_of(data, size);
  const auto loaded = load(text);
  if (!loaded) {
    if (to_string(loaded.error()).empty()) fuzz::finding("refused without a reason");
    return 0;
  }
  check_numbers(text, loaded->config);
  const auto again = load(print_config(loaded->config));
  if (!again) fuzz::finding("does not read back: " + to_string(again.error()));
  if (again->config != loaded->config) fuzz::finding("reads back otherwise");
  return 0;
}
