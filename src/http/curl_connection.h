#pragma once

// The http::Connection of libcurl; see curl_transport.h. The constructor sets the options of the
// handle; a request sets only what differs between requests: the URL, and GET or HEAD.

#include <curl/curl.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/transfer_limits.h"
#include "tidegauge/http/connection.h"
#include "tidegauge/model/engine_address.h"
#include "tidegauge/util/mutex.h"
#include "tidegauge/util/thread_annotations.h"

namespace tidegauge::http {

class CurlConnection final : public Connection {
 public:
  /// All arguments outlive it. It counts the sockets that it opens and closes in `open_sockets`.
  CurlConnection(const model::EngineAddress& address, const model::TlsFiles& tls,
                 std::atomic<std::uint32_t>& open_sockets);
  ~CurlConnection() override;
  CurlConnection(const CurlConnection&) = delete;
  CurlConnection& operator=(const CurlConnection&) = delete;

  void begin(const Request& request) override;
  [[nodiscard]] std::optional<Result<Response>> advance(SteadyTime now) override;
  [[nodiscard]] SteadyTime next_limit() const override;
  void wait(SteadyTime until) override;
  [[nodiscard]] Result<Response> open_stream(const Request& request,
                                             const std::stop_token& stop) override;
  [[nodiscard]] Result<std::size_t> read(std::span<char> into, SteadyTime deadline,
                                         const std::stop_token& stop) override;
  void abort(Errc why) noexcept override;
  void interrupt(Errc why) noexcept override;
  void close() noexcept override;
  [[nodiscard]] bool alive() const noexcept override;
  [[nodiscard]] int fd() const noexcept override { return fd_; }
  [[nodiscard]] const Transfer& last_transfer() const noexcept override { return transfer_; }

 private:
  /// Where the body of the response goes: into the Response, or piece by piece to a reader.
  enum class Sink : std::uint8_t { response, reader };
  struct EasyCleanup {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
  };
  struct MultiCleanup {
    void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
  };

  void set_options();
  void set_tls_options();
  [[nodiscard]] bool make_multi();
  void start(const Request& request, Sink sink);
  std::optional<Result<void>> step(SteadyTime now);
  void finish() noexcept;
  void find_socket() noexcept;
  void wake() noexcept;
  [[nodiscard]] Progress progress() const;
  [[nodiscard]] Error error_of(CURLcode code) const;
  [[nodiscard]] Error abort_error(Errc why) const;
  [[nodiscard]] std::unexpected<Error> failed(const Error& error) const;
  void deliver(std::span<char> into, std::size_t& size);

  [[nodiscard]] bool is_engine_missing() noexcept;

  static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int on_close_socket(void* self, curl_socket_t socket);
  static int on_request_sent(void* self, char* primary_ip, char* local_ip, int primary_port,
                             int local_port);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count,
                               void* self) noexcept;
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) noexcept;
  void take_header(std::string_view line);
  [[nodiscard]] std::size_t take_body(std::string_view piece);
  [[nodiscard]] std::size_t body_limit() const noexcept;

  const model::EngineAddress& address_;
  const model::TlsFiles& tls_;
  const std::string base_url_;
  std::atomic<std::uint32_t>& open_sockets_;
  std::array<char, CURL_ERROR_SIZE> curl_error_{};  // libcurl's text about the last request
  std::unique_ptr<CURL, EasyCleanup> easy_;         // declared first: the multi handle uses it
  std::unique_ptr<CURLM, MultiCleanup> multi_;  // keeps the socket between requests; may be null
  std::array<int, 4> open_{-1, -1, -1, -1};     // sockets; more than one while addresses race
  int fd_ = -1;                                 // the one in use, as far as is known

  // The request in progress.
  bool in_progress_ = false;
  Request request_;
  Sink sink_ = Sink::response;
  Response response_;
  Transfer transfer_;
  SteadyTime started_{};
  SteadyTime last_byte_{};
  SteadyTime opened_at_{};
  int no_socket_ = 0;               // the errno of a descriptor that the system refused
  std::optional<Error> no_engine_;  // why no socket was opened
  std::size_t header_bytes_ = 0;
  bool head_complete_ = false;
  std::string refused_;                // which part of the response was too large; empty: none
  bool no_memory_ = false;             // for the response
  bool ended_ = false;                 // the body of the stream has come to its clean end
  std::optional<Error> stream_error_;  // how the stream has ended otherwise
  std::string pending_;  // bytes of the stream that read() has not delivered, from pending_from_ on
  std::size_t pending_from_ = 0;
  bool paused_ = false;

  Mutex wakeup_mutex_;
  // The multi handle for other threads, which may wake it until it is replaced.
  CURLM* wakeable_ GUARDED_BY(wakeup_mutex_) = nullptr;
  std::atomic<bool> aborted_ = false;
  std::atomic<bool> interrupted_ = false;
  std::atomic<Errc> abort_reason_ = Errc::cancelled;
};

}  // namespace tidegauge::http
