#pragma once

// The daemon's metrics of itself: build, cycles, requests, configuration, log lines, threads,
// process. prometheus-cpp holds what is counted in place here; no other file includes it. The rest
// is read when a page is rendered.
//
// `app` makes one, which outlives the monitors and the web server that report to it. Thread-safe.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/model/cycle_report.h"
#include "tidegauge/util/log.h"
#include "tidegauge/util/thread_guard.h"
#include "tidegauge/util/time.h"

namespace tidegauge::metrics {

struct InstrumentOptions {
  bool process = true;               ///< process_* from /proc/self
  bool many_engines = false;         ///< label the cycles by endpoint
  WallTime started_at = wall_now();  ///< start of all counts of this daemon
};

/// A request that is answered, or whose client has gone.
struct ServedRequest {
  std::string_view path;  ///< of a route; "other" for any other path
  std::uint32_t status = 0;
  double seconds = 0;         ///< from the request to the end of the answer
  std::string_view encoding;  ///< of the answer: "identity", "gzip", "zstd"
  std::uint64_t bytes = 0;    ///< of the answer's body
};

enum class ReloadOutcome : std::uint8_t { succeeded, failed };

/// Whether the web configuration in effect is that of its file.
enum class WebConfigState : std::uint8_t { current, outdated };

/// Whether the page has process_*.
enum class ProcessMetrics : std::uint8_t { absent, shown };

class FamilyWriter;

class Instruments {
 public:
  /// Shows the lines that `logger` has counted and the failures that `threads` has. Both outlive
  /// this.
  Instruments(const Logger& logger, const ThreadGuard& threads, InstrumentOptions options);
  ~Instruments();
  Instruments(const Instruments&) = delete;
  Instruments& operator=(const Instruments&) = delete;

  /// Changes what is shown while pages are written: whether there is process_*, and whose cycles.
  /// Those of other endpoints are forgotten; the counts of these go on, with the label `endpoint`
  /// if there are several.
  void reconfigure(ProcessMetrics process, const std::vector<std::string>& endpoints);

  void record_cycle(const model::CycleReport& report);

  /// Each path and each encoding becomes a label: both must be of a fixed set.
  void record_request(const ServedRequest& request);
  /// The connections that are open, and the pages that clients are reading, now.
  void record_web_load(std::size_t connections, std::size_t requests_in_flight);
  /// The memory that the history of the status page takes now.
  void record_history(std::size_t bytes);
  /// The server has closed a connection: "evicted", "head_timeout", "idle_timeout", "slow_reader",
  /// "refused".
  void record_closed_connection(std::string_view reason);
  /// "no_credentials", "wrong_credentials", "busy".
  void record_authentication_failure(std::string_view reason);
  void record_rate_limited_request();

  void record_reload(ReloadOutcome outcome, WallTime now);
  void record_web_config(WebConfigState state);

  /// Writes all of these metrics, as far as the page of `writer` has them.
  void write(FamilyWriter& writer) const;

  [[nodiscard]] WallTime started_at() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidegauge::metrics
