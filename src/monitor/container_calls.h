#pragma once

// The calls to the Engine about one container each: inspect, sample (its statistics) and measure
// (its writable layer). The CallScheduler decides when each is made and calls `run` on its threads;
// the answers go to the EngineState.
//
// Thread-safe. The context outlives it.

#include <stop_token>
#include <string>

#include "monitor/worker_context.h"

namespace tidegauge::monitor {

class ContainerCalls {
 public:
  explicit ContainerCalls(const WorkerContext& context) : context_(context) {}

  /// Makes the call of `task`, and applies its answer or failure.
  void run(const CallScheduler::Task& task, const std::stop_token& stop);

 private:
  void check_engine(const std::stop_token& stop);
  void read_log(const std::string& id, const std::stop_token& stop);
  void inspect(const std::string& id, const std::stop_token& stop);
  void retry_inspect(const std::string& id, Errc reason);
  void warn_of_invalid_enable_label(const model::Container& container);
  void sample(const std::string& id, SteadyTime due, const std::stop_token& stop);
  void measure(const std::string& id, const std::stop_token& stop);

  const WorkerContext& context_;
};

}  // namespace tidegauge::monitor
