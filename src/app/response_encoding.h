#pragma once

// Which encoding a client gets, by what it accepts and by web.compression. A pure function.

#include <optional>

#include "tidegauge/config/config.h"
#include "tidegauge/web/messages.h"
#include "tidegauge/web/negotiation.h"

namespace tidegauge::app {

/// Nothing where the client accepts no encoding that it may have.
[[nodiscard]] std::optional<web::Encoding> choose_encoding(const web::Request& request,
                                                           config::Compression compression);

}  // namespace tidegauge::app
