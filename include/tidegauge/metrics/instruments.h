#pragma once

// The daemon's metrics of itself: build, cycles, log lines, threads, process. prometheus-cpp holds
// what is counted in place here; no other file includes it. The rest is read when a page is
// rendered.
//
// `app` makes one, which outlives the monitors that report to it. Thread-safe.

#include <map>
#include <memory>
#include <string>

#include "tidegauge/model/cycle_report.h"
#include "tidegauge/model/histogram.h"
#include "tidegauge/util/log.h"
#include "tidegauge/util/thread_guard.h"

namespace tidegauge::metrics {

struct InstrumentOptions {
  bool process = true;        ///< process_* from /proc/self
  bool many_engines = false;  ///< label the cycles by endpoint
};

class Instruments {
 public:
  /// Shows the lines that `logger` has counted and the failures that `threads` has. Both outlive
  /// this.
  Instruments(const Logger& logger, const ThreadGuard& threads, InstrumentOptions options);
  ~Instruments();
  Instruments(const Instruments&) = delete;
  Instruments& operator=(const Instruments&) = delete;

  void record_cycle(const model::CycleReport& report);

  /// All of these metrics in the Prometheus text format.
  [[nodiscard]] std::string render() const;

 private:
  void render_latencies(std::string& text,
                        const std::map<std::string, model::DurationHistogram>& latencies) const;

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidegauge::metrics
