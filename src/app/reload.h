#pragma once

// Reads the configuration again and applies what has changed, or refuses it as a whole: with a
// mistake, with a change that needs a restart, or where the process may not have enough
// descriptors, the daemon goes on with the configuration that it has. Used by the main thread.

#include <cstddef>
#include <functional>
#include <utility>

#include "app/daemon.h"
#include "tidegauge/config/loader.h"
#include "tidegauge/model/error.h"
#include "tidegauge/util/log.h"

namespace tidegauge::app {

class Reloader {
 public:
  /// `sources` returns where to read; it is called for each reload. `descriptors`: how many the
  /// process may have. `daemon` and `logger` outlive this.
  Reloader(std::function<config::Sources()> sources, std::size_t descriptors, Daemon& daemon,
           Logger& logger)
      : sources_(std::move(sources)), descriptors_(descriptors), daemon_(daemon), logger_(logger) {}

  /// Logs what comes of it, and shows it in tidegauge_config_last_reload_successful. The error
  /// tells every reason of the refusal.
  [[nodiscard]] Result<void> reload();

 private:
  [[nodiscard]] Result<void> load_and_apply();

  std::function<config::Sources()> sources_;
  std::size_t descriptors_;
  Daemon& daemon_;
  Logger& logger_;
};

}  // namespace tidegauge::app
