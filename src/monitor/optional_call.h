#pragma once

// A call that the daemon can do without: a proxy in front of the Engine may refuse it, or the
// Engine may fail at it. The call is retried at growing distances, in case the proxy is changed.
// The log says once what is missing without the call, and what the proxy has to allow.
//
//   if (call.is_due(now)) {
//     const auto info = clients.info(endpoint, stop);
//     info ? call.answered() : call.failed(info.error(), now);
//   }
//
// Belongs to one thread. `logger` outlives it.

#include <string>
#include <string_view>

#include "tidegauge/model/error.h"
#include "tidegauge/util/log.h"
#include "tidegauge/util/retry.h"
#include "tidegauge/util/time.h"

namespace tidegauge::monitor {

class OptionalCall {
 public:
  /// `request` as in "GET /info"; `consequence` says what is missing without an answer.
  OptionalCall(std::string endpoint, std::string request, std::string consequence, Logger& logger);

  /// False for a while after it has failed.
  [[nodiscard]] bool is_due(SteadyTime now) const noexcept { return now >= next_try_; }
  /// In the past where the last call was answered.
  [[nodiscard]] SteadyTime next_try() const noexcept { return next_try_; }
  [[nodiscard]] bool is_failing() const noexcept { return retry_.failures() > 0; }

  void answered();
  /// Only for failures while the Engine is up. A refusal (HTTP 4xx) is logged at once, any other
  /// failure when the next attempt fails too.
  void failed(const Error& error, SteadyTime now);

 private:
  std::string endpoint_;
  std::string request_;
  std::string consequence_;
  Logger& logger_;
  Retry retry_;
  SteadyTime next_try_ = SteadyTime::min();
  bool logged_ = false;
};

}  // namespace tidegauge::monitor
