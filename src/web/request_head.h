#pragma once

// From a request head, as the HTTP library has read it, to a Request or a refusal. Stricter than
// the library, whose own checks differ from version to version: what two programs could read in two
// ways is refused, so that a proxy in front of the daemon never disagrees with it about where a
// request ends (request smuggling). Pure functions.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tidegauge/web/messages.h"

namespace tidegauge::web {

struct RequestHead {
  std::string method;
  std::string target;   ///< as it was sent: a path, or a whole URI
  std::string version;  ///< "HTTP/1.1"
  std::vector<std::pair<std::string, std::string>> headers;

  /// All values of the header, joined by ", ". `name` is in lower case.
  [[nodiscard]] std::string header(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const;
};

struct Refusal {
  std::uint32_t status;
  std::string_view reason;  ///< a line for the client, without a line break
};

/// Whether it is meant for this machine itself: Host is an IP address or `localhost`, and no proxy
/// says that it forwards the request.
[[nodiscard]] bool is_for_this_machine(const RequestHead& head);

/// Refuses bodies, headers that must not be repeated and are, an HTTP/1.1 request without Host, an
/// unknown version, and a target that is not a path or a URI.
[[nodiscard]] std::expected<Request, Refusal> parse_request(const RequestHead& head);

}  // namespace tidegauge::web
