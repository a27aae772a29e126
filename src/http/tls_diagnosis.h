#pragma once

// Why no TLS connection came about, in words that say what to do about it. Most causes are a
// mistake in the configuration or in certificates, so no restart of the Engine would mend them.
// `libcurl_says` is the text of libcurl and OpenSSL; none of this is told by codes.

#include <optional>
#include <string>
#include <string_view>

#include "tidegauge/model/engine_address.h"
#include "tidegauge/model/error.h"

namespace tidegauge::http {

/// The Engine's certificate was not accepted here: its CA, its dates, its name.
[[nodiscard]] Error diagnose_certificate(const std::string& address, const model::TlsFiles& tls,
                                         std::string_view libcurl_says);

/// A file of this side's could not be used.
[[nodiscard]] Error diagnose_files(const model::TlsFiles& tls, std::string_view libcurl_says);

/// The Engine ended the handshake, or speaks something else. Nothing where the text says neither.
[[nodiscard]] std::optional<Error> diagnose_refusal(const std::string& address,
                                                    const model::TlsFiles& tls,
                                                    std::string_view libcurl_says);

}  // namespace tidegauge::http
