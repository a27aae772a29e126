#include "tidegauge/web/server.h"

#include <microhttpd.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <tuple>
#include <utility>

#include "web/listen_socket.h"

namespace tidegauge::web {
namespace {

constexpr unsigned int idle_limit_seconds = 30;
constexpr std::string_view thread_name = "web";

// Its address marks a request whose headers libmicrohttpd has shown us once. To answer it already
// then would cost the client its kept-alive connection.
int seen_before = 0;

std::string_view header(MHD_Connection* connection, const char* name) {
  const char* value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
  return value == nullptr ? std::string_view{} : std::string_view{value};
}

/// What the server shows, and who is told where that fails.
struct Site {
  std::vector<Route> routes;
  ThreadGuard& guard;
};

Response call_handler(const Route& route, const Request& request, ThreadGuard& guard) {
  Response response;
  if (!guard.run_once(thread_name, [&] { response = route.handle(request); })) {
    return {.status = MHD_HTTP_INTERNAL_SERVER_ERROR, .body = "internal error\n"};
  }
  return response;
}

Response not_found(const std::vector<Route>& routes) {
  Response response{.status = MHD_HTTP_NOT_FOUND, .body = "not found; there is:\n"};
  for (const auto& route : routes) response.body += route.path + "\n";
  return response;
}

Response respond(MHD_Connection* connection, const Site& site, std::string_view path) {
  const auto route = std::ranges::find(site.routes, path, &Route::path);
  if (route == site.routes.end()) return not_found(site.routes);
  return call_handler(*route,
                      {.path = path,
                       .accept = header(connection, MHD_HTTP_HEADER_ACCEPT),
                       .accept_encoding = header(connection, MHD_HTTP_HEADER_ACCEPT_ENCODING)},
                      site.guard);
}

/// The body of an answer on its way, in pieces.
class Body {
 public:
  Body(std::move_only_function<std::string_view()> next_piece, ThreadGuard& guard)
      : next_piece_(std::move(next_piece)), guard_(guard) {}

  /// Copies at most `most` bytes to `out`. Returns their number, or libmicrohttpd's code for the
  /// end or an error.
  ssize_t read(char* out, std::size_t most) {
    std::size_t count = 0;
    while (count < most) {
      if (rest_.empty()) read_piece();
      if (rest_.empty()) break;
      const auto copied = rest_.copy(out + count, most - count);
      rest_.remove_prefix(copied);
      count += copied;
    }
    if (count > 0) return static_cast<ssize_t>(count);
    return failed_ ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
  }

  /// Reads all pieces and returns the sum of their lengths.
  std::uint64_t measure() {
    std::uint64_t length = 0;
    for (read_piece(); !rest_.empty(); read_piece()) length += rest_.size();
    return length;
  }

 private:
  void read_piece() {
    rest_ = {};
    if (failed_) return;
    failed_ = !guard_.run_once(thread_name, [this] { rest_ = next_piece_(); });
  }

  std::move_only_function<std::string_view()> next_piece_;
  ThreadGuard& guard_;
  std::string_view rest_;  // of the last piece
  bool failed_ = false;
};

/// Chunked, but for HEAD with its length: libmicrohttpd would send the end of the chunks too.
MHD_Response* in_pieces(std::move_only_function<std::string_view()> next_piece, bool only_head,
                        ThreadGuard& guard) {
  // The bytes of one system call. More make a large answer cheaper, up to the size at which malloc
  // returns every block to the kernel.
  constexpr std::size_t block_bytes = std::size_t{120} * 1024;
  auto body = std::make_unique<Body>(std::move(next_piece), guard);
  auto* const message = MHD_create_response_from_callback(
      only_head ? body->measure() : MHD_SIZE_UNKNOWN, block_bytes,
      [](void* owned, std::uint64_t /*position*/, char* out, std::size_t most) {
        return static_cast<Body*>(owned)->read(out, most);
      },
      body.get(), [](void* owned) { delete static_cast<Body*>(owned); });
  if (message == nullptr) return nullptr;
  std::ignore = body.release();  // owned by the response
  return message;
}

MHD_Response* whole(const std::string& body) {
  return MHD_create_response_from_buffer(body.size(), const_cast<char*>(body.data()),
                                         MHD_RESPMEM_MUST_COPY);
}

MHD_Result queue_answer(MHD_Connection* connection, std::string_view method, Response response,
                        ThreadGuard& guard) {
  const bool only_head = method == MHD_HTTP_METHOD_HEAD;
  auto* const message = response.next_piece
                            ? in_pieces(std::move(response.next_piece), only_head, guard)
                            : whole(response.body);
  if (message == nullptr) return MHD_NO;
  MHD_add_response_header(message, MHD_HTTP_HEADER_CONTENT_TYPE, response.content_type.c_str());
  if (response.status == MHD_HTTP_METHOD_NOT_ALLOWED) {
    MHD_add_response_header(message, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
  }
  const auto result = MHD_queue_response(connection, response.status, message);
  MHD_destroy_response(message);
  return result;
}

MHD_Result answer_request(const Site& site, MHD_Connection* connection, std::string_view path,
                          std::string_view verb, std::size_t& upload_size, void*& request_context) {
  if (verb != MHD_HTTP_METHOD_GET && verb != MHD_HTTP_METHOD_HEAD) {
    return queue_answer(connection, verb,
                        {.status = MHD_HTTP_METHOD_NOT_ALLOWED, .body = "only GET and HEAD\n"},
                        site.guard);
  }
  if (request_context == nullptr) {
    request_context = &seen_before;
    return MHD_YES;
  }
  if (upload_size != 0) {  // ignore the body of a GET
    upload_size = 0;
    return MHD_YES;
  }
  return queue_answer(connection, verb, respond(connection, site, path), site.guard);
}

/// No exception may cross libmicrohttpd, which is C: without memory the connection is closed.
MHD_Result answer(void* context, MHD_Connection* connection, const char* path, const char* method,
                  const char* /*version*/, const char* /*upload*/, std::size_t* upload_size,
                  void** request_context) noexcept {
  try {
    return answer_request(*static_cast<const Site*>(context), connection, path, method,
                          *upload_size, *request_context);
  } catch (...) {
    return MHD_NO;
  }
}

}  // namespace

struct Server::Impl {
  Site site;
  std::uint16_t port = 0;
  std::string unix_path;
  MHD_Daemon* daemon = nullptr;

  ~Impl() {
    if (daemon != nullptr) MHD_stop_daemon(daemon);
    if (!unix_path.empty()) ::unlink(unix_path.c_str());
  }
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options,
                                              std::vector<Route> routes, ThreadGuard& guard) {
  auto socket = open_listen_socket(options.listen_address);
  if (!socket) return std::unexpected(socket.error());
  auto impl = std::make_unique<Impl>(Site{.routes = std::move(routes), .guard = guard});
  impl->port = socket->port;
  impl->unix_path = std::move(socket->unix_path);
  // libmicrohttpd closes the socket, also when it fails to start.
  impl->daemon = MHD_start_daemon(
      MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC, 0, nullptr, nullptr, &answer, &impl->site,
      MHD_OPTION_LISTEN_SOCKET, socket->fd.release(), MHD_OPTION_CONNECTION_LIMIT,
      options.max_connections, MHD_OPTION_CONNECTION_TIMEOUT, idle_limit_seconds, MHD_OPTION_END);
  if (impl->daemon == nullptr) {
    return fail(Errc::system, "cannot start the web server on \"" + options.listen_address +
                                  "\": " + std::generic_category().message(errno));
  }
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::uint16_t Server::port() const noexcept {
  return impl_->port;
}

}  // namespace tidegauge::web
