#pragma once

// A raw HTTP client for a Docker Engine on a Unix socket, for tests alone: what the daemon's own
// client reports must be held against answers that it had no part in, and the daemon's client
// only reads. One connection per request, nothing kept: copies may be used from any thread.

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace tidegauge::test {

struct EngineReply {
  int status = 0;
  std::string body;
};

class EngineClient {
 public:
  explicit EngineClient(std::string socket_path) : socket_path_(std::move(socket_path)) {}

  /// Sends `body` as JSON (or a tar, the Engine looks for itself where it takes one) and waits for
  /// the whole answer. Throws std::runtime_error where there is none within `limit`.
  [[nodiscard]] EngineReply request(
      std::string_view method, std::string_view path, std::string_view body = {},
      std::chrono::milliseconds limit = std::chrono::seconds(60)) const;

  /// A request that must succeed; throws with the Engine's own message.
  void expect(std::string_view method, std::string_view path, std::string_view body = {}) const;

  /// The same, for its answer's body.
  [[nodiscard]] std::string body_of(std::string_view method, std::string_view path,
                                    std::string_view body = {}) const;

 private:
  std::string socket_path_;
};

}  // namespace tidegauge::test
