#pragma once

// Ends of runs as a monitor records them, for the tests of what is behind it.

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tidegauge/model/snapshot.h"

namespace tidegauge::test {

/// 2026-11-29 10:02:11.3 in UTC.
inline constexpr WallTime example_time{std::chrono::milliseconds{1'795'946'531'300}};

/// A container that hit its memory limit of 64 MiB and was started again. Every member is set.
inline model::RunEnd oom_end() {
  using Source = model::Evidence::Source;
  using namespace std::chrono_literals;
  return {.number = 7,
          .name = "web",
          .id = std::string(64, 'a'),
          .image = "nginx:1.25",
          .image_id = "sha256:" + std::string(64, 'b'),
          .project = "shop",
          .service = "frontend",
          .started_at = example_time - 3h - 12min,
          .ended_at = example_time + 123'456'789ns,
          .exit_code = 137,
          .signal = 9,
          .cause = model::EndCause::oom,
          .evidence = {{.at = example_time,
                        .source = Source::kernel,
                        .text = "memory limit of 64 MiB hit, 1 process killed"},
                       {.at = example_time + 100ms,
                        .source = Source::engine,
                        .text = "die, exit code 137"},
                       {.at = example_time + 1100ms,
                        .source = Source::tidegauge,
                        .text = "restarted by its policy, attempt 3"}},
          .memory_limit_bytes = 64U << 20U,
          .use = model::RunUse{.read_at = example_time + 5ms,
                               .is_final = true,
                               .cpu_seconds = 12.25,
                               .memory_bytes = 1U << 20U,
                               .memory_peak_bytes = 64U << 20U},
          .aftermath = model::Aftermath::restarted,
          .log_lines = {"allocating", "allocating more"}};
}

/// What is known when all events were missed.
inline model::RunEnd unknown_end() {
  return {.number = 8, .name = "job", .ended_at = example_time + std::chrono::seconds(60)};
}

inline std::shared_ptr<const model::RunEnds> shared(std::vector<model::RunEnd> ends) {
  model::RunEnds all;
  for (auto& end : ends) all.push_back(std::make_shared<const model::RunEnd>(std::move(end)));
  return std::make_shared<const model::RunEnds>(std::move(all));
}

/// `ends` are the oldest first.
inline std::shared_ptr<const model::EngineSnapshot> snapshot_with(std::string endpoint,
                                                                  std::vector<model::RunEnd> ends) {
  auto snapshot = std::make_shared<model::EngineSnapshot>();
  snapshot->endpoint = std::move(endpoint);
  snapshot->ends = shared(std::move(ends));
  return snapshot;
}

}  // namespace tidegauge::test
