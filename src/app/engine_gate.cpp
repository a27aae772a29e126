#include "app/engine_gate.h"

#include <algorithm>

namespace tidegauge::app {

EngineGate::Pass::Pass(EngineGate& gate, std::string_view endpoint, const std::stop_token& caller)
    : gate_(gate), endpoint_(endpoint), on_caller_stop_(caller, [this] { stop_.request_stop(); }) {}

EngineGate::Pass::~Pass() {
  gate_.leave(*this);
}

void EngineGate::set_endpoints(const std::vector<std::string>& endpoints) {
  MutexLock lock(mutex_);
  endpoints_ = endpoints;
  const auto is_closed = [this](const Pass* pass)
                             REQUIRES(mutex_) { return !is_open(pass->endpoint_); };
  for (auto* const pass : passes_) {
    if (is_closed(pass)) pass->stop_.request_stop();
  }
  left_.wait(lock, [&]() REQUIRES(mutex_) { return std::ranges::none_of(passes_, is_closed); });
}

Result<std::unique_ptr<EngineGate::Pass>> EngineGate::enter(std::string_view endpoint,
                                                            const std::stop_token& stop) {
  const MutexLock lock(mutex_);
  if (!is_open(endpoint)) return fail(Errc::not_found, "the Engine is not watched any more");
  std::unique_ptr<Pass> pass(new Pass(*this, endpoint, stop));
  passes_.push_back(pass.get());
  return pass;
}

void EngineGate::leave(const Pass& pass) {
  const MutexLock lock(mutex_);
  std::erase(passes_, &pass);
  left_.notify_all();
}

bool EngineGate::is_open(std::string_view endpoint) const {
  return std::ranges::find(endpoints_, endpoint) != endpoints_.end();
}

}  // namespace tidegauge::app
