#pragma once

// Where a daemon that runs with this configuration answers, for the actions of the command line
// that ask it. For the main thread.

#include <string>

#include "tidegauge/config/config.h"
#include "tidegauge/http/connection.h"
#include "tidegauge/model/error.h"
#include "tidegauge/util/time.h"

namespace tidegauge::app {

struct DaemonAddress {
  std::string url;          ///< "unix:///run/tidegauge/health.sock", "tcp://127.0.0.1:9717"
  bool is_private = false;  ///< its private socket, which asks for no credentials
};

/// The private socket (`path.runtime`) where there is one, otherwise the first listen address, on
/// the loopback if that is a wildcard.
[[nodiscard]] Result<DaemonAddress> find_daemon(const config::Config& config);

/// One GET, whatever the status of the answer is. The whole may take `limit`. A certificate is not
/// verified: it is that of the name by which others know this machine.
[[nodiscard]] Result<http::Response> ask_daemon(const DaemonAddress& daemon,
                                                const std::string& target, Milliseconds limit);

}  // namespace tidegauge::app
