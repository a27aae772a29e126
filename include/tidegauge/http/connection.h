#pragma once

// One HTTP/1.1 connection to an Engine: one request at a time, over a socket that is kept open
// between them. `pool` owns these and lends them out; `docker` says what to ask.
//
// A connection is used by one thread at a time and may migrate between threads. Only `abort` and
// `interrupt` may be called from any thread, at any time.
//
// A request is sent at most once: where the Engine hangs up after it was sent, the call fails, and
// whoever asked decides whether to ask again (`last_transfer` tells what happened).

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

/// The longest body of an answer that reports an error, whatever the request allows.
inline constexpr std::size_t max_error_body_bytes = std::size_t{64} * 1024;

/// How long a request may take, and how large its answer may be. 0: no limit of the time.
struct Limits {
  Milliseconds connect{0};     ///< until the request is on its way
  Milliseconds first_byte{0};  ///< from then to the first byte of the answer
  Milliseconds stall{0};       ///< between two bytes of the answer
  Milliseconds total{0};       ///< all of it
  /// Of the body, unless it is streamed. A larger one fails with Errc::protocol.
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

/// Whether this answer to HEAD refuses the method, not the question: some proxies allow only GET.
[[nodiscard]] constexpr bool refuses_head(const Response& response) noexcept {
  return (response.status >= 400 && response.status < 500) || response.status == 501;
}

/// What is known of the last request beyond its outcome.
struct Transfer {
  bool reused_socket = false;
  bool sent = false;  ///< its bytes may have reached the Engine
  std::uint64_t bytes_received = 0;
  std::optional<SteadyTime> first_byte_at;
  SteadyTime sent_at{};
  std::optional<std::chrono::nanoseconds> connect_time;  ///< where a socket had to be opened
};

class Connection {
 public:
  virtual ~Connection() = default;

  /// Asks and waits for the whole answer, for as long as the limits allow. The error says what
  /// was asked: "GET /version: no answer within 5 s".
  [[nodiscard]] Result<Response> perform(const Request& request, const std::stop_token& stop = {});

  /// The same in steps that never wait, for a thread with more than one connection to serve:
  /// `begin`, then `advance` whenever `fd` is readable or `next_limit` has come, until it answers.
  virtual void begin(const Request& request) = 0;
  [[nodiscard]] virtual std::optional<Result<Response>> advance(SteadyTime now) = 0;
  /// When the request in progress reaches its next limit; SteadyTime::max() where it has none.
  [[nodiscard]] virtual SteadyTime next_limit() const = 0;
  /// Waits until there is something to advance, the time has come, or `abort` was called.
  virtual void wait(SteadyTime until) = 0;

  /// Asks and waits for the head of an answer whose body is then read piece by piece.
  /// The response's own body stays empty.
  [[nodiscard]] virtual Result<Response> open_stream(const Request& request,
                                                     const std::stop_token& stop) = 0;
  /// The next piece of the body; 0 at its clean end. Errc::timeout at the deadline and
  /// Errc::cancelled, by `stop` or `interrupt`, leave the stream as it is; any other error has
  /// ended it. No more than 128 KiB are ever held back for a slow reader: then the Engine has to
  /// wait.
  [[nodiscard]] virtual Result<std::size_t> read(std::span<char> into, SteadyTime deadline,
                                                 const std::stop_token& stop) = 0;

  /// Makes the request in progress fail with `why` within milliseconds, and no socket be opened
  /// for it any more. Any thread. `begin` and `open_stream` forget an abort that found nothing.
  virtual void abort(Errc why) noexcept = 0;
  /// Makes one read() of a stream return Errc::cancelled, once it has delivered what has come; the
  /// stream goes on. Where `open_stream` still waits for the head it fails with `why`. Any thread.
  virtual void interrupt(Errc why) noexcept = 0;

  /// Closes the socket, if any. Not while a request is in progress.
  virtual void close() noexcept = 0;

  /// Whether there is a socket that the Engine has not closed: one poll of the kernel.
  [[nodiscard]] virtual bool alive() const noexcept = 0;
  /// The socket, -1 where there is none.
  [[nodiscard]] virtual int fd() const noexcept = 0;

  [[nodiscard]] virtual const Transfer& last_transfer() const noexcept = 0;
};

/// Makes the connections of one endpoint. Thread-safe; outlives its connections.
class Transport {
 public:
  virtual ~Transport() = default;
  /// Not connected yet: the first request connects.
  [[nodiscard]] virtual std::unique_ptr<Connection> make() = 0;
  /// Sockets open now, over all its connections.
  [[nodiscard]] virtual std::uint32_t open_sockets() const noexcept = 0;
};

}  // namespace tidegauge::http
