#include "monitor/optional_call.h"

#include <algorithm>
#include <utility>

namespace tidegauge::monitor {
namespace {

using namespace std::chrono_literals;

constexpr RetryOptions pace{.first_pause = 1s, .longest_pause = 5min};

/// Somebody has to change a configuration before the answer can be another.
bool is_refusal(Errc code) {
  return code == Errc::client_error || code == Errc::not_found;
}

}  // namespace

OptionalCall::OptionalCall(std::string endpoint, std::string request, std::string consequence,
                           Logger& logger)
    : endpoint_(std::move(endpoint)),
      request_(std::move(request)),
      consequence_(std::move(consequence)),
      logger_(logger),
      retry_(pace) {}

void OptionalCall::answered() {
  retry_.succeeded();
  next_try_ = SteadyTime::min();
  if (!std::exchange(logged_, false)) return;
  logger_.info("an optional call is answered again", {{"endpoint", endpoint_}, {"call", request_}});
}

void OptionalCall::failed(const Error& error, SteadyTime now) {
  static_cast<void>(retry_.failed(now));  // `logged_` limits the log
  const bool refusal = is_refusal(error.code);
  next_try_ = now + (refusal ? pace.longest_pause : retry_.next_pause());
  if (!refusal && retry_.failures() == 1) return;
  if (std::exchange(logged_, true)) return;
  logger_.warn("an optional call fails", {{"endpoint", endpoint_},
                                          {"call", request_},
                                          {"reason", error.message},
                                          {"consequence", consequence_},
                                          {"remedy", "allow " + request_ +
                                                         " in the proxy before the Engine, if "
                                                         "there is one"}});
}

}  // namespace tidegauge::monitor
