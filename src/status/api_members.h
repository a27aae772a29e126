#pragma once

// Members of the JSON of the status page that may be absent: what is not known is not written.

#include <cmath>
#include <concepts>
#include <optional>
#include <string_view>

#include "tidegauge/json/writer.h"
#include "tidegauge/util/time.h"
#include "tidegauge/util/timestamp.h"

namespace tidegauge::status {

/// Writes a member, unless its value is absent or a number that JSON does not have.
template <class Value>
void write_known(json::Writer& writer, std::string_view name, const std::optional<Value>& value) {
  if constexpr (std::floating_point<Value>) {
    if (value && !std::isfinite(*value)) return;
  }
  if (value) writer.key(name).value(*value);
}

inline void write_known(json::Writer& writer, std::string_view name,
                        const std::optional<WallTime>& time) {
  if (time) writer.key(name).value(to_rfc3339(*time, Decimals::milliseconds));
}

inline void write_time(json::Writer& writer, std::string_view name, WallTime time) {
  writer.key(name).value(to_rfc3339(time, Decimals::milliseconds));
}

inline void write_text(json::Writer& writer, std::string_view name, std::string_view text) {
  if (!text.empty()) writer.key(name).value(text);
}

/// A count for each value of an enumeration, by its name.
template <class Enum, class Counts>
void write_counts(json::Writer& writer, std::string_view name, const Counts& counts) {
  writer.key(name).object([&] {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      writer.key(to_string(static_cast<Enum>(i))).value(counts[i]);
    }
  });
}

}  // namespace tidegauge::status
