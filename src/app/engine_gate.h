#pragma once

// Lets threads that are not a monitor's call an Engine, and only while it is watched: what belongs
// to an Engine that is removed from the configuration is destroyed, and nobody may use it then.
// Thread-safe.

#include <condition_variable>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/model/error.h"
#include "tidegauge/util/mutex.h"

namespace tidegauge::app {

class EngineGate {
 public:
  /// A call may be made while the pass lives, and has to end when its token says so.
  class Pass {
   public:
    ~Pass();
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    [[nodiscard]] std::stop_token stop() const { return stop_.get_token(); }

   private:
    friend class EngineGate;
    Pass(EngineGate& gate, std::string_view endpoint, const std::stop_token& caller);

    EngineGate& gate_;
    const std::string endpoint_;
    std::stop_source stop_;
    std::stop_callback<std::function<void()>> on_caller_stop_;
  };

  /// The Engines that may be called from now on. Passes to others are told to stop, and waited for.
  void set_endpoints(const std::vector<std::string>& endpoints) EXCLUDES(mutex_);

  /// Errc::not_found: the Engine is not watched (any more). `stop` stops the pass as well.
  [[nodiscard]] Result<std::unique_ptr<Pass>> enter(std::string_view endpoint,
                                                    const std::stop_token& stop) EXCLUDES(mutex_);

 private:
  void leave(const Pass& pass) EXCLUDES(mutex_);
  [[nodiscard]] bool is_open(std::string_view endpoint) const REQUIRES(mutex_);

  Mutex mutex_;
  std::condition_variable_any left_;
  std::vector<std::string> endpoints_ GUARDED_BY(mutex_);
  std::vector<Pass*> passes_ GUARDED_BY(mutex_);
};

}  // namespace tidegauge::app
