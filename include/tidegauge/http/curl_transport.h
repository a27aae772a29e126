#pragma once

// The Transport of the daemon, with libcurl. Each connection has an easy handle and a multi handle,
// so that another thread can wake it. No other layer uses libcurl.

#include <atomic>
#include <cstdint>
#include <memory>

#include "tidegauge/http/connection.h"
#include "tidegauge/model/engine_address.h"

namespace tidegauge::http {

class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(model::EngineAddress address, model::TlsFiles tls = {});
  ~CurlTransport() override;
  CurlTransport(const CurlTransport&) = delete;
  CurlTransport& operator=(const CurlTransport&) = delete;

  [[nodiscard]] std::unique_ptr<Connection> make() override;
  [[nodiscard]] std::uint32_t open_sockets() const noexcept override { return open_sockets_; }

 private:
  model::EngineAddress address_;
  model::TlsFiles tls_;
  std::atomic<std::uint32_t> open_sockets_ = 0;  // counted in libcurl's socket callbacks
};

/// For PoolManager, which gets a function that makes transports.
[[nodiscard]] std::unique_ptr<Transport> make_curl_transport(const model::EngineAddress& address,
                                                             const model::TlsFiles& tls = {});

}  // namespace tidegauge::http
