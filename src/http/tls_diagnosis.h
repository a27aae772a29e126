#pragma once

// Why a TLS connection has failed, in a message that says what to do. Most causes are mistakes in
// the configuration or in certificates, which a restart of the Engine does not repair.
// `libcurl_says` is the text of libcurl and OpenSSL, as their codes do not tell the causes apart.

#include <optional>
#include <string>
#include <string_view>

#include "tidegauge/model/engine_address.h"
#include "tidegauge/model/error.h"

namespace tidegauge::http {

/// The Engine's certificate was not accepted here: its CA, its dates, its name.
[[nodiscard]] Error diagnose_certificate(const std::string& address, const model::TlsFiles& tls,
                                         std::string_view libcurl_says);

/// A file of the configuration could not be used.
[[nodiscard]] Error diagnose_files(const model::TlsFiles& tls, std::string_view libcurl_says);

/// The Engine has refused the handshake, or does not speak TLS. Absent where the text says neither.
[[nodiscard]] std::optional<Error> diagnose_refusal(const std::string& address,
                                                    const model::TlsFiles& tls,
                                                    std::string_view libcurl_says);

}  // namespace tidegauge::http
