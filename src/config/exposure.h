#pragma once

// Whether what may hold secrets would be shown to anybody. Used by `load_web_protection`, and so at
// the start, at a reload, and whenever the files of the protection change. A pure function.

#include "tidegauge/config/config.h"
#include "tidegauge/config/web_protection.h"
#include "tidegauge/model/error.h"

namespace tidegauge::config {

/// Errc::invalid_config where `web.show_logs` or `web.show_processes` is on, a listen address can
/// be reached from other machines, and a client there need not show who it is. The message names
/// the option, the addresses and the remedy.
[[nodiscard]] Result<void> check_exposure(const WebConfig& options,
                                          const WebProtection& protection);

}  // namespace tidegauge::config
