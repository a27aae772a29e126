#pragma once

// One HTTP/1.1 connection to an Engine: one request at a time, over a socket that stays open
// between requests. `pool` owns and lends connections; `docker` says what to request.
//
// One thread uses a connection at a time, not always the same. Any thread may call `abort` and
// `interrupt` at any time.
//
// A request is sent at most once. Where the Engine hangs up after the request was sent, the call
// fails, and the caller decides whether to send it again (`last_transfer` has the details).

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "tidegauge/model/error.h"
#include "tidegauge/util/time.h"

namespace tidegauge::http {

enum class Method : std::uint8_t { get, head };

/// The largest body of a response that reports an error, whatever the request allows.
inline constexpr std::size_t max_error_body_bytes = std::size_t{64} * 1024;

/// How long a request may take, and how large its response may be. A time of 0: no limit.
struct Limits {
  Milliseconds connect{0};     ///< until the request is sent
  Milliseconds first_byte{0};  ///< from then to the first byte of the response
  Milliseconds stall{0};       ///< between two bytes of the response
  Milliseconds total{0};       ///< of the whole request
  /// The largest body, unless it is streamed. A larger one fails with Errc::protocol.
  std::size_t body_bytes = std::size_t{64} * 1024 * 1024;
};

struct Request {
  Method method = Method::get;
  std::string target;  ///< path and query, as "/v1.41/containers/json?all=1"
  Limits limits;
};

struct Response {
  int status = 0;
  std::string body;
  std::string api_version;   ///< the header Api-Version, empty where absent
  std::string content_type;  ///< the header Content-Type, empty where absent
  std::string server;        ///< the header Server, empty where absent
};

/// Whether a response to HEAD refuses the method and not the request: some proxies allow only GET.
[[nodiscard]] constexpr bool refuses_head(const Response& response) noexcept {
  return (response.status >= 400 && response.status < 500) || response.status == 501;
}

/// How the last request went, apart from its outcome.
struct Transfer {
  bool reused_socket = false;
  bool sent = false;  ///< the request may have reached the Engine
  std::uint64_t bytes_received = 0;
  std::optional<SteadyTime> first_byte_at;
  SteadyTime sent_at{};
  std::optional<std::chrono::nanoseconds> connect_time;  ///< where a socket had to be opened
};

class Connection {
 public:
  virtual ~Connection() = default;

  /// Sends the request and waits for the whole response, within the limits. The error names the
  /// request: "GET /version: no answer within 5 s".
  [[nodiscard]] Result<Response> perform(const Request& request, const std::stop_token& stop = {});

  /// The same in steps that never wait, for a thread that serves several connections: `begin`, then
  /// `advance` whenever `fd` is readable or the time of `next_limit` has come, until it returns an
  /// outcome.
  virtual void begin(const Request& request) = 0;
  [[nodiscard]] virtual std::optional<Result<Response>> advance(SteadyTime now) = 0;
  /// When the request in progress reaches its next limit; SteadyTime::max(): it has none.
  [[nodiscard]] virtual SteadyTime next_limit() const = 0;
  /// Waits until `advance` has something to do, until the time, or until `abort`.
  virtual void wait(SteadyTime until) = 0;

  /// Sends the request and waits for the head of the response. `read` then reads the body, piece by
  /// piece; the body of the Response is empty.
  [[nodiscard]] virtual Result<Response> open_stream(const Request& request,
                                                     const std::stop_token& stop) = 0;
  /// The size of the next piece of the body; 0 at its clean end. Errc::timeout (at the deadline)
  /// and Errc::cancelled (by `stop` or `interrupt`) leave the stream open; any other error has
  /// ended it. At most 128 KiB are buffered for a slow reader; then the Engine has to wait.
  [[nodiscard]] virtual Result<std::size_t> read(std::span<char> into, SteadyTime deadline,
                                                 const std::stop_token& stop) = 0;

  /// Makes the request in progress fail with `why` within milliseconds, without opening another
  /// socket. Any thread. `begin` and `open_stream` forget an abort that came while no request was
  /// in progress.
  virtual void abort(Errc why) noexcept = 0;
  /// Makes one `read` of a stream return Errc::cancelled after it has delivered what was received.
  /// The stream stays open. An `open_stream` that still waits for the head fails with `why`. Any
  /// thread.
  virtual void interrupt(Errc why) noexcept = 0;

  /// Closes the socket, if any. Not while a request is in progress.
  virtual void close() noexcept = 0;

  /// Whether there is a socket that the Engine has not closed. Costs one poll(2).
  [[nodiscard]] virtual bool alive() const noexcept = 0;
  /// The socket; -1: none.
  [[nodiscard]] virtual int fd() const noexcept = 0;

  [[nodiscard]] virtual const Transfer& last_transfer() const noexcept = 0;
};

/// Makes the connections of one endpoint. Thread-safe. Outlives its connections.
class Transport {
 public:
  virtual ~Transport() = default;
  /// A connection without a socket: the first request opens one.
  [[nodiscard]] virtual std::unique_ptr<Connection> make() = 0;
  /// The number of open sockets of all its connections.
  [[nodiscard]] virtual std::uint32_t open_sockets() const noexcept = 0;
};

}  // namespace tidegauge::http
