#pragma once

// Requests and responses, as the handlers of a Server see them. Plain values.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tidegauge::web {

struct Request {
  std::string path;             ///< decoded, without the query
  std::string query;            ///< as it was sent, without the "?"
  std::string accept;           ///< all headers of that name, joined by ", "; empty when absent
  std::string accept_encoding;  ///< likewise
  std::string if_none_match;    ///< likewise; see etag.h
  bool is_local = false;        ///< the client is on this machine: loopback or a Unix socket
  /// The client is on this machine, asks for an address or `localhost` and not for a name, which
  /// anybody could let point here (DNS rebinding), and says of no proxy that it forwards for
  /// others.
  bool is_local_user = false;
  /// The client came by the private socket, or had to show who it is: a user's password, the token
  /// or a certificate.
  bool is_trusted = false;
};

struct Response {
  /// 304 is sent without a body. The client is told the length of the one here, which should be
  /// that of the answer that it has.
  std::uint32_t status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  /// Replaces `body` for an answer that is too large to be in memory as a whole. The server calls
  /// it for the next piece when the client has taken the last one, until a piece is empty; for HEAD
  /// it calls it for all pieces at once. A piece is valid until the next call. Called on a thread
  /// of the server, like a handler; where it throws, the connection is closed.
  std::move_only_function<std::string_view()> next_piece = {};
};

/// Sends a response later, from any thread and without waiting. Called once at most. Where it is
/// destroyed without a call, or called after the server has gone, the client gets status 503.
using Responder = std::move_only_function<void(Response)>;

/// Handlers run on a thread of the server, must be quick, and must never wait for an Engine.
struct Route {
  std::string path;  ///< the whole path, without the query
  std::function<Response(const Request&)> handle = {};
  /// In place of `handle`: for what takes longer than a client may hold up others.
  std::function<void(const Request&, Responder)> handle_later = {};
  bool is_post = false;  ///< takes POST, otherwise GET and HEAD
  /// `path` ends with "/", and paths below it are of this route too, unless they have one of their
  /// own or a longer one takes them.
  bool takes_subpaths = false;
};

/// The names and values of a query's parameters, decoded, in their order. Nothing where one of them
/// has a "%" without two hexadecimal digits.
[[nodiscard]] std::optional<std::vector<std::pair<std::string, std::string>>> query_parameters(
    std::string_view query);
/// The values of a parameter of a query, decoded, in their order: "?name[]=a&name[]=b".
[[nodiscard]] std::vector<std::string> query_values(std::string_view query, std::string_view name);

}  // namespace tidegauge::web
