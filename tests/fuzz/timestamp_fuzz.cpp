// Timestamps: what the Engine writes, and what this program writes.

#include <array>
#include <cstdio>

#include "fuzz/oracle.h"
#include "tidegauge/util/timestamp.h"

using namespace tidegauge;

namespace {

/// "2026-11-23T06:12:39.554575908Z", by other means than those of the parser.
std::string written(WallTime time) {
  const auto nanoseconds = time.time_since_epoch().count();
  const std::time_t seconds = nanoseconds / 1'000'000'000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const auto length =
      std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%09dZ",
                    parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                    parts.tm_min, parts.tm_sec, static_cast<int>(nanoseconds % 1'000'000'000));
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::text_of(data, size);
  const auto time = parse_timestamp(text);
  if (!time) return 0;
  if (text.find_first_not_of("0123456789-+:.TZz ") != std::string_view::npos) {
    fuzz::finding("a timestamp of odd characters");
  }
  if (time->time_since_epoch().count() < 0) return 0;  // by an offset on the first day
  const auto again = written(*time);
  if (parse_timestamp(again) != time) fuzz::finding("reads otherwise: " + again);
  if (to_rfc3339(*time, Decimals::nanoseconds) != again)
    fuzz::finding("written otherwise: " + again);
  const auto seconds = std::string_view(again).substr(0, 19);
  const bool in_utc = text.ends_with('Z') || text.ends_with('z');
  const bool leap = text.substr(17, 2) == "60";
  auto said = std::string(text.substr(0, 19));
  said[10] = 'T';
  if (in_utc && !leap && said != seconds) fuzz::finding("another moment: " + again);
  return 0;
}
