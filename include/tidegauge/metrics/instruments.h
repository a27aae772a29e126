#pragma once

// What the daemon counts about itself: build, cycles, errors, log lines, threads, process. The only
// place that knows prometheus-cpp. Thread-safe. Made in `app`, outlives the monitors that report to
// it.

#include <memory>
#include <string>

#include "tidegauge/model/cycle_report.h"
#include "tidegauge/util/log.h"
#include "tidegauge/util/thread_guard.h"

namespace tidegauge::metrics {

struct InstrumentOptions {
  bool process = true;        ///< process_* from /proc/self
  bool many_engines = false;  ///< label the cycles by endpoint
};

class Instruments {
 public:
  /// `logger` and `threads` (whose lines and failures are counted) outlive this.
  Instruments(const Logger& logger, const ThreadGuard& threads, InstrumentOptions options);
  ~Instruments();
  Instruments(const Instruments&) = delete;
  Instruments& operator=(const Instruments&) = delete;

  void record_cycle(const model::CycleReport& report);

  /// The families of the daemon itself in the Prometheus text format.
  [[nodiscard]] std::string render() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidegauge::metrics
