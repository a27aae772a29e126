#include "web/http_daemon.h"

#include <microhttpd.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include "tidegauge/util/ascii.h"
#include "tidegauge/util/guarded.h"
#include "tidegauge/util/mutex.h"
#include "tidegauge/util/thread_annotations.h"
#include "tidegauge/util/time.h"
#include "web/late_response.h"
#include "web/tls_settings.h"

namespace tidegauge::web {
namespace {

/// A backstop: the table's limits are shorter.
constexpr unsigned int library_timeout_seconds = 180;
constexpr auto taking_limit = std::chrono::seconds(1);  // of a connection that was handed over
/// For a request head and the head of the answer.
constexpr std::size_t connection_memory = std::size_t{64} * 1024;

/// What belongs to one request, from its request line to the end of its answer.
struct Exchange {
  RequestHead head;
  SteadyTime begun = steady_now();
  std::optional<Request> request = {};           ///< once the head is complete
  std::shared_ptr<LateResponse> late = nullptr;  ///< once the Site is asked
  RequestReport report = {};
};

/// What belongs to one connection, from its start to its end.
struct Connection {
  int socket;
  Peer peer;
  /// Of the request in progress. It is owned here, because libmicrohttpd does not report the end of
  /// each request whose head it refuses itself.
  std::unique_ptr<Exchange> exchange = nullptr;
};

void complete_head(MHD_Connection* connection, const char* method, const char* version,
                   RequestHead& head) {
  head.method = method;
  head.version = version;
  MHD_get_connection_values(
      connection, MHD_HEADER_KIND,
      [](void* context, MHD_ValueKind, const char* name, const char* value) {
        static_cast<RequestHead*>(context)->headers.emplace_back(name,
                                                                 value == nullptr ? "" : value);
        return MHD_YES;
      },
      &head);
}

/// The body of an answer on its way, in pieces.
class Body {
 public:
  Body(std::move_only_function<std::string_view()> next_piece, const HttpDaemonContext& context,
       int socket, std::uint64_t& sent)
      : next_piece_(std::move(next_piece)), context_(context), socket_(socket), sent_(sent) {}

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
    sent_ += count;
    context_.connections.answer_progressed(socket_, count, steady_now());
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
    failed_ = !context_.site.guard().run_once(web_thread, [this] { rest_ = next_piece_(); });
  }

  std::move_only_function<std::string_view()> next_piece_;
  const HttpDaemonContext& context_;
  int socket_;
  std::uint64_t& sent_;    // of the Exchange, which outlives the answer
  std::string_view rest_;  // of the last piece
  bool failed_ = false;
};

/// Chunked, but with its length where only the head is sent: libmicrohttpd would send the end of
/// the chunks too.
MHD_Response* in_pieces(std::unique_ptr<Body> body, bool only_head) {
  // The bytes of one system call. More make a large answer cheaper, up to the size at which malloc
  // returns every block to the kernel.
  constexpr std::size_t block_bytes = std::size_t{120} * 1024;
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

std::string_view encoding_of(const Response& response) {
  const auto found = std::ranges::find_if(
      response.headers, [](const auto& header) { return header.first == "Content-Encoding"; });
  if (found == response.headers.end()) return "identity";
  return found->second == "gzip" ? "gzip" : "zstd";
}

bool has_header(const AccessControl::Headers& headers, std::string_view name) {
  return std::ranges::any_of(headers, [lower = ascii_lower_case(name)](const auto& header) {
    return ascii_lower_case(header.first) == lower;
  });
}

/// What the user has configured takes the place of what a handler says: browsers obey all headers
/// of a security policy at once, so two would be stricter than either.
void add_headers(MHD_Response* message, const Response& response,
                 const AccessControl::Headers& common) {
  MHD_add_response_header(message, MHD_HTTP_HEADER_CONTENT_TYPE, response.content_type.c_str());
  for (const auto& [name, value] : response.headers) {
    if (has_header(common, name)) continue;
    MHD_add_response_header(message, name.c_str(), value.c_str());
  }
  for (const auto& [name, value] : common) {
    MHD_add_response_header(message, name.c_str(), value.c_str());
  }
  // What follows a request that is not understood may belong to it.
  if (response.status == MHD_HTTP_BAD_REQUEST) {
    MHD_add_response_header(message, MHD_HTTP_HEADER_CONNECTION, "close");
  }
}

Response too_many_requests() {
  return {.status = MHD_HTTP_SERVICE_UNAVAILABLE,
          .headers = {{"Retry-After", "1"}},
          .body = "too many requests at the same time\n"};
}

Connection& connection_of(MHD_Connection* connection) {
  const auto* const info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return *static_cast<Connection*>(info->socket_context);
}

/// Connections that were handed over and that libmicrohttpd's thread has not taken yet. The library
/// closes such connections without its own lock when it is stopped, so a daemon waits for them.
class HandedOver {
 public:
  void add() {
    const MutexLock lock(mutex_);
    ++waiting_;
  }
  void taken() {
    {
      const MutexLock lock(mutex_);
      --waiting_;
    }
    changed_.notify_all();
  }
  void wait_until_taken(SteadyTime deadline) {
    MutexLock lock(mutex_);
    changed_.wait_until(lock, deadline, [this]() REQUIRES(mutex_) { return waiting_ <= 0; });
  }

 private:
  Mutex mutex_;
  std::condition_variable_any changed_;
  int waiting_ GUARDED_BY(mutex_) = 0;
};

}  // namespace

struct HttpDaemon::Impl {
  explicit Impl(const HttpDaemonContext& server) : context(server) {}

  MHD_Result answer(MHD_Connection* connection, Exchange& exchange, const char* method,
                    const char* version);
  MHD_Result begin(MHD_Connection* connection, Exchange& exchange, const char* method,
                   const char* version);
  MHD_Result respond(MHD_Connection* connection, Exchange& exchange);
  MHD_Result queue(MHD_Connection* connection, Exchange& exchange, Response response);
  void connection_started(MHD_Connection* connection, void*& context_of_socket);
  void connection_closed(void*& context_of_socket);
  void request_completed(MHD_Connection* connection, Exchange* exchange);
  void respond_to_all();
  Result<void> prepare_tls(const config::WebTls& settings, std::vector<MHD_OptionItem>& options);

  const HttpDaemonContext context;
  config::WebTls tls;
  std::string priorities;
  std::shared_ptr<const ClientCertificates> client_certificates;  ///< null without TLS
  Guarded<std::set<std::shared_ptr<LateResponse>>> suspended;
  HandedOver handed_over;
  MHD_Daemon* daemon = nullptr;
};

/// libmicrohttpd calls it when the head is complete, when the body is, and after a suspension.
MHD_Result HttpDaemon::Impl::answer(MHD_Connection* connection, Exchange& exchange,
                                    const char* method, const char* version) {
  if (!exchange.request) return begin(connection, exchange, method, version);
  if (!exchange.late) return respond(connection, exchange);
  suspended.with([&](auto& all) { all.erase(exchange.late); });
  auto response = exchange.late->take();
  if (!response) return MHD_NO;
  return queue(connection, exchange, *std::move(response));
}

/// To answer a good request already now would cost the client its kept-alive connection.
MHD_Result HttpDaemon::Impl::begin(MHD_Connection* connection, Exchange& exchange,
                                   const char* method, const char* version) {
  context.connections.head_received(connection_of(connection).socket, steady_now());
  complete_head(connection, method, version, exchange.head);
  auto request = context.site.parse(exchange.head);
  exchange.report.path = context.site.route_name(request ? request->path : "");
  if (!request) return queue(connection, exchange, std::move(request.error()));
  exchange.request = *std::move(request);
  return MHD_YES;
}

MHD_Result HttpDaemon::Impl::respond(MHD_Connection* connection, Exchange& exchange) {
  exchange.late = std::make_shared<LateResponse>();
  context.site.handle(exchange.head, *exchange.request, connection_of(connection).peer,
                      responder_of(exchange.late));
  auto response = exchange.late->take_or_suspend(
      [&] {
        suspended.with([&](auto& all) { all.insert(exchange.late); });
        MHD_suspend_connection(connection);
      },
      [connection] { MHD_resume_connection(connection); });
  if (!response) return MHD_YES;
  return queue(connection, exchange, *std::move(response));
}

MHD_Result HttpDaemon::Impl::queue(MHD_Connection* connection, Exchange& exchange,
                                   Response response) {
  const int socket = connection_of(connection).socket;
  if (response.next_piece && !context.connections.begin_answer(socket, steady_now())) {
    response = too_many_requests();
  }
  const bool only_head =
      exchange.head.method == MHD_HTTP_METHOD_HEAD || response.status == MHD_HTTP_NOT_MODIFIED;
  exchange.report.status = response.status;
  exchange.report.encoding = encoding_of(response);
  MHD_Response* message = nullptr;
  if (response.next_piece) {
    message = in_pieces(std::make_unique<Body>(std::move(response.next_piece), context, socket,
                                               exchange.report.bytes),
                        only_head);
  } else {
    message = whole(response.body);
    if (!only_head) exchange.report.bytes = response.body.size();
  }
  if (message == nullptr) return MHD_NO;
  add_headers(message, response, context.access.headers());
  const auto result = MHD_queue_response(connection, response.status, message);
  MHD_destroy_response(message);
  return result;
}

/// The library copies what the options refer to, but for the texts that are members.
Result<void> HttpDaemon::Impl::prepare_tls(const config::WebTls& settings,
                                           std::vector<MHD_OptionItem>& options) {
  if (auto checked = check_tls(settings); !checked) return fail(checked.error());
  auto allowed = tls_priorities(settings);
  if (!allowed) return fail(allowed.error());
  auto clients = ClientCertificates::make(settings);
  if (!clients) return fail(clients.error());
  priorities = *std::move(allowed);
  client_certificates = *std::move(clients);
  tls = settings;
  options = {
      {.option = MHD_OPTION_HTTPS_MEM_CERT, .value = 0, .ptr_value = tls.certificate.data()},
      {.option = MHD_OPTION_HTTPS_MEM_KEY, .value = 0, .ptr_value = tls.key.data()},
      {.option = MHD_OPTION_HTTPS_PRIORITIES, .value = 0, .ptr_value = priorities.data()},
  };
  return {};
}

void HttpDaemon::Impl::connection_started(MHD_Connection* connection, void*& context_of_socket) {
  const auto* const info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  const int socket = info->connect_fd;
  auto client = std::make_unique<Connection>(
      Connection{socket, context.connections.started(socket, steady_now())});
  client->peer.is_certified = tls.client_auth == config::ClientAuth::require_and_verify;
  context_of_socket = client.release();
  handed_over.taken();
  if (!client_certificates) return;
  const auto* const tls_info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
  client_certificates->prepare(static_cast<gnutls_session_t>(tls_info->tls_session));
}

void HttpDaemon::Impl::connection_closed(void*& context_of_socket) {
  const std::unique_ptr<Connection> client(static_cast<Connection*>(context_of_socket));
  context_of_socket = nullptr;
  if (client) context.connections.closed(client->socket);
}

void HttpDaemon::Impl::request_completed(MHD_Connection* connection, Exchange* exchange) {
  auto& client = connection_of(connection);
  const auto owned = std::move(client.exchange);
  if (!owned || owned.get() != exchange) return;
  const auto now = steady_now();
  context.connections.request_finished(client.socket, now);
  if (owned->late) suspended.with([&](auto& all) { all.erase(owned->late); });
  owned->report.seconds = to_seconds(now - owned->begun);
  if (owned->report.status != 0) context.hooks.on_request(owned->report);
}

/// libmicrohttpd must not be stopped while a connection is suspended.
void HttpDaemon::Impl::respond_to_all() {
  const auto all = suspended.with([](const auto& late) { return late; });
  for (const auto& late : all) late->set({.status = 503, .body = "the server stops\n"});
}

// --- the callbacks of libmicrohttpd -------------------------------------------------------------
//
// The library is C: no exception may cross it. Without memory, the connection is closed.

struct HttpDaemon::Callbacks {
  static Impl& impl(void* context) { return *static_cast<Impl*>(context); }

  static void* begin_request(void* /*context*/, const char* target,
                             MHD_Connection* connection) noexcept {
    try {
      auto& exchange = connection_of(connection).exchange;
      exchange = std::make_unique<Exchange>();
      exchange->head.target = target;
      return exchange.get();
    } catch (...) {
      return nullptr;
    }
  }

  static MHD_Result answer(void* context, MHD_Connection* connection, const char* /*path*/,
                           const char* method, const char* version, const char* /*upload*/,
                           std::size_t* upload_size, void** request_context) noexcept {
    auto* const exchange = static_cast<Exchange*>(*request_context);
    if (exchange == nullptr) return MHD_NO;
    *upload_size = 0;
    try {
      return impl(context).answer(connection, *exchange, method, version);
    } catch (...) {
      return MHD_NO;
    }
  }

  static void complete_request(void* context, MHD_Connection* connection, void** request_context,
                               MHD_RequestTerminationCode /*reason*/) noexcept {
    impl(context).request_completed(connection, static_cast<Exchange*>(*request_context));
    *request_context = nullptr;
  }

  static void change_connection(void* context, MHD_Connection* connection, void** socket_context,
                                MHD_ConnectionNotificationCode change) noexcept {
    if (change == MHD_CONNECTION_NOTIFY_STARTED) {
      impl(context).connection_started(connection, *socket_context);
    } else {
      impl(context).connection_closed(*socket_context);
    }
  }

  /// Paths and queries stay as they were sent: RequestHead decodes them.
  static std::size_t keep_escapes(void* /*context*/, MHD_Connection*, char* text) noexcept {
    return std::string_view(text).size();
  }
};

HttpDaemon::HttpDaemon(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpDaemon::~HttpDaemon() {
  impl_->handed_over.wait_until_taken(steady_now() + taking_limit);
  impl_->respond_to_all();
  if (impl_->daemon != nullptr) MHD_stop_daemon(impl_->daemon);
}

Result<std::unique_ptr<HttpDaemon>> HttpDaemon::start(const HttpDaemonContext& context,
                                                      const std::optional<config::WebTls>& tls) {
  auto impl = std::make_unique<Impl>(context);
  std::vector<MHD_OptionItem> tls_options;
  if (tls) {
    if (auto prepared = impl->prepare_tls(*tls, tls_options); !prepared) {
      return fail(prepared.error());
    }
  }
  tls_options.push_back({.option = MHD_OPTION_END, .value = 0, .ptr_value = nullptr});
  const unsigned int flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_NO_LISTEN_SOCKET |
                             MHD_ALLOW_SUSPEND_RESUME | (tls ? MHD_USE_TLS : MHD_NO_FLAG);
  impl->daemon = MHD_start_daemon(
      flags, 0, nullptr, nullptr, &Callbacks::answer, impl.get(),  //
      MHD_OPTION_CONNECTION_LIMIT, static_cast<unsigned int>(2 * context.connections.hard_limit()),
      MHD_OPTION_CONNECTION_TIMEOUT, library_timeout_seconds,  //
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, connection_memory,   //
      MHD_OPTION_URI_LOG_CALLBACK, &Callbacks::begin_request, impl.get(),
      MHD_OPTION_NOTIFY_COMPLETED, &Callbacks::complete_request, impl.get(),
      MHD_OPTION_NOTIFY_CONNECTION, &Callbacks::change_connection, impl.get(),
      MHD_OPTION_UNESCAPE_CALLBACK, &Callbacks::keep_escapes, impl.get(),  //
      MHD_OPTION_ARRAY, tls_options.data(), MHD_OPTION_END);
  if (impl->daemon == nullptr) {
    return fail(Errc::system,
                "cannot start the web server: " + std::generic_category().message(errno));
  }
  return std::unique_ptr<HttpDaemon>(new HttpDaemon(std::move(impl)));
}

void HttpDaemon::serve(UniqueFd socket, const sockaddr_storage& address, socklen_t length) {
  const int number = socket.release();  // libmicrohttpd closes it, also when it fails
  impl_->handed_over.add();
  if (MHD_add_connection(impl_->daemon, number, reinterpret_cast<const sockaddr*>(&address),
                         length) != MHD_YES) {
    impl_->context.connections.closed(number);
    impl_->handed_over.taken();
  }
}

}  // namespace tidegauge::web
