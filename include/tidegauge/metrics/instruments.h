#pragma once

// What the daemon counts about itself: build, cycles, errors, log lines, process. The only place
// that knows prometheus-cpp. Thread-safe. Made in `app`, outlives the monitors that report to it.

#include <memory>
#include <string>
#include <string_view>

#include "tidegauge/monitor/cycle_report.h"
#include "tidegauge/util/log.h"

namespace tidegauge::metrics {

struct InstrumentOptions {
  bool process = true;        ///< process_* from /proc/self
  bool many_engines = false;  ///< label the cycles by endpoint
};

class Instruments final : public monitor::CycleObserver {
 public:
  /// `logger` (whose lines are counted) must outlive this.
  Instruments(const Logger& logger, InstrumentOptions options);
  ~Instruments() override;

  void cycle_finished(const monitor::CycleReport& report) override;

  /// The families of the daemon itself in the Prometheus text format.
  [[nodiscard]] std::string render() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidegauge::metrics
