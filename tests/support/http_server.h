#pragma once

// An HTTP/1.1 server that does exactly what a test tells it to, right or wrong: the Engine's
// stand-in for tests of everything that talks to an Engine, and what the simulated Engine stands
// on.
//
//   test::HttpServer server(directory.file("docker.sock"), [](const auto& request, auto& exchange)
//   {
//     if (request.target == "/_ping") exchange.reply(200, {}, "OK");
//     else exchange.hang();
//   });
//
// One thread per connection calls the handler for each request in turn; the handler must be safe to
// be called from several at once, and what it refers to must outlive the server. The connection
// stays open for the next request unless the handler or the client says otherwise; a handler that
// writes nothing leaves its client waiting. Whatever a handler waits for through its Exchange ends
// when the server is destroyed, so destruction never hangs.
//
// `freeze`, `thaw`, `listen`, `stop_listening` and `disconnect_all` come from one thread at a time
// and not from the handler; everything else is thread-safe. Nothing here uses the code under test,
// or Catch2. What the system refuses (bind, socket) throws std::system_error.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tidegauge/util/time.h"
#include "tidegauge/util/unique_fd.h"
#include "tidegauge/util/wakeup.h"

namespace tidegauge::test {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;
  std::string target;
  Headers headers;  ///< names in lower case
  std::string body;
  std::uint64_t connection = 0;  ///< the first one accepted is 1
  std::uint64_t number = 0;      ///< on its connection, from 1
};

/// The bytes of a status line and headers, the empty line included.
[[nodiscard]] std::string encode_head(int status, const Headers& headers);
/// The bytes of a whole reply with Content-Length.
[[nodiscard]] std::string encode_reply(int status, Headers headers, std::string_view body);
/// The bytes of a whole reply whose body is one chunk.
[[nodiscard]] std::string encode_chunked_reply(int status, Headers headers, std::string_view body);
[[nodiscard]] std::string encode_chunk(std::string_view data);

class HttpServer;

/// What came of waiting within a handler.
enum class Waited : std::uint8_t {
  timed_out,
  woken,  ///< the event was signalled
  gone    ///< the client hung up, or the server stops: the handler should return
};

/// One request's way to answer. Belongs to the handler's thread. What writes or waits says false
/// once the client has hung up or the server stops.
class Exchange {
 public:
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  /// A whole reply; to HEAD without the body.
  bool reply(int status, const Headers& headers = {}, std::string_view body = {});
  /// Any bytes.
  bool raw(std::string_view bytes);
  bool begin_chunks(int status, Headers headers = {});
  bool chunk(std::string_view data);
  bool end_chunks();

  /// The connection ends when the handler returns: in order, or by RST. A Unix socket knows no RST:
  /// there the client sees ECONNRESET only if the server left something unread.
  void close() { ending_ = Ending::close; }
  void reset() { ending_ = Ending::reset; }

  /// Waits until the client hangs up or the server stops, and closes.
  void hang();
  bool wait(Milliseconds duration);
  [[nodiscard]] Waited wait_for(const Wakeup& event, std::optional<Milliseconds> limit);

 private:
  friend class HttpServer;
  enum class Ending : std::uint8_t { keep_alive, close, reset };

  Exchange(HttpServer& server, int socket, const Request& request);

  HttpServer& server_;
  int socket_;
  const Request& request_;
  Ending ending_ = Ending::keep_alive;
};

struct HttpServerLimits {
  int backlog = 4096;               ///< connections that wait for accept()
  std::size_t connections = 1'024;  ///< open at once; more are accepted and closed
};

/// Says "on a TCP port of 127.0.0.1, chosen by the system".
struct LoopbackTcp {};

/// What a stopped server leaves of its Unix socket: an orderly Engine removes the file (ENOENT),
/// a killed one leaves it in place (ECONNREFUSED).
enum class SocketFile : std::uint8_t { removed, left };

class HttpServer {
 public:
  using Handler = std::function<void(const Request&, Exchange&)>;

  struct Counters {
    std::uint64_t connections_accepted = 0;
    std::uint64_t connections_open = 0;
    std::uint64_t requests = 0;
    std::map<std::string, std::uint64_t> requests_by_target;
  };

  /// Listens at once.
  HttpServer(std::string socket_path, Handler handler, HttpServerLimits limits = {});
  HttpServer(LoopbackTcp, Handler handler, HttpServerLimits limits = {});
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  /// Closes every connection, joins every thread and removes the socket file.
  ~HttpServer();

  /// Of the TCP variant; it stays the same over stop_listening() and listen().
  [[nodiscard]] std::uint16_t port() const { return port_; }

  /// New connections are refused; those that exist go on.
  void stop_listening(SocketFile file);
  /// Listens again, where it did before.
  void listen();
  /// Every connection ends at once, as when the process is killed.
  void disconnect_all();
  /// As after SIGSTOP: connections queue up in the backlog, requests are not read, nothing is sent.
  void freeze();
  void thaw();

  [[nodiscard]] Counters counters() const;
  /// Requests for exactly this target.
  [[nodiscard]] std::uint64_t requests(const std::string& target) const;
  /// Waits until the counters are as wanted: false when they are not within the limit.
  bool await(const std::function<bool(const Counters&)>& wanted,
             Milliseconds limit = std::chrono::seconds(10)) const;

 private:
  friend class Exchange;

  struct Connection {
    UniqueFd socket;
    std::uint64_t number = 0;
    std::thread thread;
    bool finished = false;  ///< guarded by the server's mutex
    // The connection's thread only:
    std::string unread;
    std::uint64_t requests = 0;
  };

  void start_accepting();
  void stop_accepting();
  void accept_connections();
  void adopt(UniqueFd socket);
  void join_finished();
  void serve(Connection& connection);
  std::optional<Request> read_request(Connection& connection);
  bool receive(Connection& connection);
  void count(const Request& request);
  void retire(Connection& connection);
  bool send(int socket, std::string_view bytes);
  bool wait_while_frozen();

  const std::string socket_path_;  ///< empty for TCP
  const Handler handler_;
  const HttpServerLimits limits_;
  std::uint16_t port_ = 0;
  UniqueFd listener_;
  Wakeup stop_acceptor_;
  Wakeup stop_connections_;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool frozen_ = false;                // guarded by mutex_
  bool stopping_ = false;              // guarded by mutex_
  Counters counters_;                  // guarded by mutex_
  std::list<Connection> connections_;  // the list guarded by mutex_

  std::thread acceptor_;
};

}  // namespace tidegauge::test
