#include "tidegauge/config/manual.h"

#include <algorithm>
#include <string_view>

#include "config/options.h"
#include "tidegauge/config/loader.h"
#include "tidegauge/util/man_page.h"

namespace tidegauge::config {
namespace {

constexpr std::string_view manual_tail = R"(
## Files

- `/etc/tidegauge/config.yaml`: the file that is read where neither `--config` nor
  `TIDEGAUGE_CONFIG` names another
- `/etc/default/tidegauge`: options of the command line and variables for the systemd service

## See also

**tidegauge**(8)
)";

std::string first_sentence(std::string_view text) {
  const auto end = text.find(". ");
  return std::string(text.substr(0, end == std::string_view::npos ? end : end + 1));
}

/// The items of "a, b, c".
std::vector<std::string> items_of(std::string_view list) {
  constexpr std::string_view separator = ", ";
  std::vector<std::string> items;
  while (!list.empty()) {
    const auto end = std::min(list.find(separator), list.size());
    items.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + separator.size(), list.size()));
  }
  return items;
}

}  // namespace

std::vector<OptionSummary> option_summaries() {
  std::vector<OptionSummary> summaries;
  for (const auto& option : options()) {
    summaries.push_back({.path = option.path,
                         .type = option.type,
                         .text = first_sentence(option.help),
                         .default_value = one_line(option.get(Config{})),
                         .choices = option.type == "choice" ? items_of(option.allowed)
                                                            : std::vector<std::string>{}});
  }
  return summaries;
}

std::string print_manual() {
  return man_page({.name = "tidegauge.yaml",
                   .section = 5,
                   .description = "configuration of the monitoring daemon tidegauge"},
                  print_reference() + std::string(manual_tail));
}

}  // namespace tidegauge::config
