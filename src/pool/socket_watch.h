#pragma once

// Notices when a Unix socket appears at its path, with inotify on its directory. Watches nothing
// while the directory does not exist, or for an address on a network. Used by the maintenance
// thread alone.

#include <string>

#include "tidegauge/model/engine_address.h"
#include "tidegauge/util/unique_fd.h"

namespace tidegauge::pool {

class SocketWatch {
 public:
  explicit SocketWatch(const model::EngineAddress& address);

  /// Readable when `appeared` has something to read; -1 while nothing is watched.
  [[nodiscard]] int fd() const noexcept { return watched_ >= 0 ? inotify_.get() : -1; }
  /// Whether the socket was created, or moved to its path, since the last call. Watches the
  /// directory again where it did not exist, was removed or was renamed.
  [[nodiscard]] bool appeared();

 private:
  void watch();

  std::string directory_;
  std::string name_;
  UniqueFd inotify_;
  int watched_ = -1;  ///< the watch descriptor of the directory; -1: none
};

}  // namespace tidegauge::pool
