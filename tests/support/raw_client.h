#pragma once

// The other end of an HTTP connection, for tests of servers: sends bytes as they are and reads
// replies, blocking for at most twenty seconds. Belongs to one thread. What goes wrong throws
// std::runtime_error, which fails the test that meets it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tidegauge/util/unique_fd.h"

namespace tidegauge::test {

class RawClient {
 public:
  struct Reply {
    int status = 0;
    std::string head;  ///< the status line and headers, as they came
    std::string body;  ///< without chunking
  };

  explicit RawClient(const std::string& socket_path);
  /// `host` is an IPv4 or IPv6 address.
  explicit RawClient(std::uint16_t port, const std::string& host = "127.0.0.1");

  void send(std::string_view bytes);
  /// Sends the request.
  void ask(std::string_view method, std::string_view target);
  /// Reads a whole reply to a request that was not HEAD.
  Reply read_reply();
  /// Reads up to the end of the headers.
  std::string read_head();
  /// The data of the next chunk of a reply whose head is read; empty for the last.
  std::string read_chunk();
  /// Asks and reads the whole reply.
  Reply get(std::string_view target);

  /// Waits for something to read and says what: nothing once the server has hung up.
  std::optional<std::string> read_some();
  /// Waits until the server hangs up.
  void wait_for_close();
  /// Whether something more has come than what was read.
  [[nodiscard]] bool has_unread_bytes() const;
  void close() { socket_.reset(); }

 private:
  std::string read_until(std::string_view mark);
  std::string read_bytes(std::size_t count);

  UniqueFd socket_;
  std::string unread_;
};

}  // namespace tidegauge::test
