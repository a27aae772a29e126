// The file with what is known of an Engine beyond the end of the daemon.

#include <string>

#include "app/state_file.h"
#include "fuzz/oracle.h"

using namespace tidegauge;

namespace {

std::string written(const monitor::RestoredState& state) {
  std::string text;
  const auto add = [&](std::string_view line) -> Result<void> {
    text += line;
    return {};
  };
  if (!app::for_each_state_line("local", state, add)) fuzz::finding("cannot be written");
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto state = app::parse_state(fuzz::text_of(data, size), "local");
  if (!state) return 0;
  if (state->ends.size() > app::most_saved_ends ||
      state->lifecycles.size() > app::most_saved_names) {
    fuzz::finding("more than a file may have");
  }
  const auto text = written(*state);
  const auto again = app::parse_state(text, "local");
  if (!again) fuzz::finding("does not read back: " + again.error().message);
  if (!fuzz::is_same_but_for_rounding(written(*again), text)) fuzz::finding("reads otherwise");
  return 0;
}
