#pragma once

// Ends of runs that rapidcheck makes up, of any content that can be written and read back.

#include <rapidcheck.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tidegauge/model/run_end.h"

namespace tidegauge::test {

/// Any ASCII characters: invalid UTF-8 does not read back as itself.
inline std::string any_text() {
  return *rc::gen::container<std::string>(rc::gen::inRange<char>(0, 127));
}

inline WallTime any_time() {
  constexpr std::int64_t year_2191 = 7'000'000'000'000'000'000;
  return WallTime{std::chrono::nanoseconds{*rc::gen::inRange<std::int64_t>(0, year_2191)}};
}

inline std::uint64_t any_count() {
  return static_cast<std::uint64_t>(*rc::gen::nonNegative<std::int64_t>());
}

/// A number whose digits are read back exactly.
inline double any_seconds() {
  return *rc::gen::inRange(0, 1'000'000) / 1024.0;
}

/// What `make` makes, or nothing.
template <class Make>
auto maybe(Make make) -> std::optional<decltype(make())> {
  if (*rc::gen::arbitrary<bool>()) return make();
  return std::nullopt;
}

inline int any_number() {
  return *rc::gen::arbitrary<int>();
}

inline model::Evidence any_evidence() {
  return {.at = any_time(),
          .source = static_cast<model::Evidence::Source>(*rc::gen::inRange(0, 3)),
          .text = any_text()};
}

inline model::RunUse any_use() {
  return {.read_at = any_time(),
          .is_final = *rc::gen::arbitrary<bool>(),
          .cpu_seconds = maybe(any_seconds),
          .memory_bytes = maybe(any_count),
          .memory_peak_bytes = maybe(any_count)};
}

inline model::RunEnd any_end() {
  model::RunEnd end{.number = any_count(),
                    .name = any_text(),
                    .id = any_text(),
                    .image = any_text(),
                    .image_id = any_text(),
                    .project = any_text(),
                    .service = any_text(),
                    .started_at = maybe(any_time),
                    .ended_at = any_time(),
                    .exit_code = maybe(any_number),
                    .signal = maybe(any_number),
                    .cause = *rc::gen::elementOf(model::end_causes),
                    .memory_limit_bytes = maybe(any_count),
                    .use = maybe(any_use),
                    .aftermath = *rc::gen::elementOf(model::aftermaths)};
  for (int left = *rc::gen::inRange(0, 4); left > 0; --left) end.evidence.push_back(any_evidence());
  for (int left = *rc::gen::inRange(0, 4); left > 0; --left) end.log_lines.push_back(any_text());
  return end;
}

}  // namespace tidegauge::test
