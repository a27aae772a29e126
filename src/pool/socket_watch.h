#pragma once

// Tells when a Unix socket (re)appears at its path: inotify on the directory that holds it. Used
// by one thread. Watches nothing while the directory does not exist, or for network endpoints.

#include <string>

#include "tidegauge/model/engine_address.h"
#include "tidegauge/util/unique_fd.h"

namespace tidegauge::pool {

class SocketWatch {
 public:
  explicit SocketWatch(const model::EngineAddress& address);

  /// Readable when there is something to ask `appeared` about; -1 while nothing is watched.
  [[nodiscard]] int fd() const noexcept { return watched_ >= 0 ? inotify_.get() : -1; }
  /// Whether the socket was created or moved in since the last call. Retries to watch a directory
  /// that was not there, or has gone, or has another name now.
  [[nodiscard]] bool appeared();

 private:
  void watch();

  std::string directory_;
  std::string name_;
  UniqueFd inotify_;
  int watched_ = -1;  ///< inotify's name for the directory; -1: none is watched
};

}  // namespace tidegauge::pool
