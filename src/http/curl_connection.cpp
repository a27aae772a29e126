#include "http/curl_connection.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "http/curl_error.h"
#include "http/engine_process.h"
#include "http/header_line.h"

namespace tidegauge::http {
namespace {

constexpr std::size_t max_header_bytes = std::size_t{256} * 1024;
constexpr std::size_t max_pending_bytes = std::size_t{64} * 1024;
constexpr long socket_age_seconds = 24L * 60 * 60;    // the pool decides, not libcurl's 118 s
constexpr long http_version = CURL_HTTP_VERSION_1_1;  // a long itself in newer libcurl

std::string base_url(const model::EngineAddress& address) {
  using Scheme = model::EngineAddress::Scheme;
  if (address.scheme == Scheme::unix_socket) return "http://localhost";
  const auto host = address.host.contains(':') ? "[" + address.host + "]" : address.host;
  return (address.scheme == Scheme::tls ? "https://" : "http://") + host + ":" +
         std::to_string(address.port);
}

std::string_view name_of(Method method) {
  return method == Method::head ? "HEAD" : "GET";
}

/// Whether a descriptor or memory is lacking. An address family that the machine lacks is not
/// meant.
bool says_exhausted(int os_error) {
  return os_error == EMFILE || os_error == ENFILE || os_error == ENOMEM || os_error == ENOBUFS;
}

}  // namespace

CurlConnection::CurlConnection(const model::EngineAddress& address, const model::TlsFiles& tls,
                               std::atomic<std::uint32_t>& open_sockets)
    : address_(address),
      tls_(tls),
      base_url_(base_url(address)),
      open_sockets_(open_sockets),
      easy_(curl_easy_init()) {
  if (!easy_) throw std::bad_alloc();
  set_options();
  if (address_.scheme == model::EngineAddress::Scheme::tls) set_tls_options();
}

CurlConnection::~CurlConnection() {
  if (in_progress_) finish();
}

void CurlConnection::set_options() {
  auto* const easy = easy_.get();
  const auto set = [easy](CURLoption option, auto value) {
    if (curl_easy_setopt(easy, option, value) != CURLE_OK) throw std::bad_alloc();
  };
  set(CURLOPT_NOSIGNAL, 1L);
  // A request that gives up must not wait for the thread that resolves the name.
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_ERRORBUFFER, curl_error_.data());
  set(CURLOPT_HTTP_VERSION, http_version);
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PROXY, "");
  set(CURLOPT_USERAGENT, "Docker-Client/tidegauge");  // Docker Desktop delays unknown clients
  set(CURLOPT_MAXCONNECTS, 1L);
  set(CURLOPT_MAXAGE_CONN, socket_age_seconds);
  set(CURLOPT_OPENSOCKETFUNCTION, &on_open_socket);
  set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  set(CURLOPT_CLOSESOCKETFUNCTION, &on_close_socket);
  set(CURLOPT_CLOSESOCKETDATA, static_cast<void*>(this));
  set(CURLOPT_PREREQFUNCTION, &on_request_sent);
  set(CURLOPT_PREREQDATA, static_cast<void*>(this));
  set(CURLOPT_HEADERFUNCTION, &on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  if (address_.scheme == model::EngineAddress::Scheme::unix_socket) {
    set(CURLOPT_UNIX_SOCKET_PATH, address_.path.c_str());
  }
}

/// Nothing of an earlier handshake is kept: files that were replaced are used at once.
void CurlConnection::set_tls_options() {
  auto* const easy = easy_.get();
  const auto set = [easy](CURLoption option, auto value) {
    if (curl_easy_setopt(easy, option, value) != CURLE_OK) throw std::bad_alloc();
  };
  set(CURLOPT_SSL_SESSIONID_CACHE, 0L);
  set(CURLOPT_CA_CACHE_TIMEOUT, 0L);
  set(CURLOPT_SSL_VERIFYPEER, tls_.verify ? 1L : 0L);
  set(CURLOPT_SSL_VERIFYHOST, tls_.verify ? 2L : 0L);
  if (!tls_.ca_file.empty()) {
    set(CURLOPT_CAINFO, tls_.ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));  // no other CA than the named one
  }
  if (!tls_.cert_file.empty()) {
    set(CURLOPT_SSLCERT, tls_.cert_file.c_str());
    set(CURLOPT_SSLKEY, tls_.key_file.c_str());
  }
}

/// Makes the multi handle of the next requests. Fails where there is no descriptor for waking it:
/// libcurl would go on without one, and abort() could not wake the waiting thread.
bool CurlConnection::make_multi() {
  errno = 0;
  std::unique_ptr<CURLM, MultiCleanup> fresh(curl_multi_init());
  if (!fresh || curl_multi_wakeup(fresh.get()) != CURLM_OK) {
    no_socket_ = errno != 0 ? errno : ENOMEM;
    return false;
  }
  curl_multi_setopt(fresh.get(), CURLMOPT_MAXCONNECTS, 1L);
  multi_ = std::move(fresh);
  const MutexLock lock(wakeup_mutex_);
  wakeable_ = multi_.get();
  return true;
}

void CurlConnection::begin(const Request& request) {
  start(request, Sink::response);
}

void CurlConnection::start(const Request& request, Sink sink) {
  if (in_progress_) finish();
  aborted_ = interrupted_ = false;
  request_ = request;
  sink_ = sink;
  response_ = {};
  transfer_ = {};
  transfer_.reused_socket = fd_ >= 0;
  started_ = steady_now();
  no_socket_ = 0;
  no_engine_.reset();
  header_bytes_ = 0;
  head_complete_ = no_memory_ = ended_ = paused_ = false;
  refused_.clear();
  stream_error_.reset();
  pending_.clear();
  pending_from_ = 0;
  curl_error_.front() = '\0';
  auto* const easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_URL, (base_url_ + request.target).c_str());
  // HTTPGET resets NOBODY and the other way round: nothing is left of the previous request.
  if (request.method == Method::head) {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else {
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
  }
  if (!multi_ && !make_multi()) return;
  curl_multi_add_handle(multi_.get(), easy);
  in_progress_ = true;
}

std::optional<Result<Response>> CurlConnection::advance(SteadyTime now) {
  const auto outcome = step(now);
  if (!outcome) return std::nullopt;
  if (!*outcome) {
    response_ = {};  // frees the memory of a response that was too large
    return failed(outcome->error());
  }
  return std::move(response_);
}

/// Advances the transfer. Returns its outcome, if there is one; then no request is in progress.
std::optional<Result<void>> CurlConnection::step(SteadyTime now) {
  if (!in_progress_) return fail(descriptor_error(no_socket_));
  int running = 0;
  if (!aborted_) curl_multi_perform(multi_.get(), &running);
  if (aborted_) {
    finish();
    return fail(abort_error(abort_reason_));
  }
  int queued = 0;
  if (const auto* const message = curl_multi_info_read(multi_.get(), &queued);
      message != nullptr && message->msg == CURLMSG_DONE) {
    const auto code = message->data.result;
    if (code != CURLE_OK) {
      auto error = error_of(code);  // before finish(), after which libcurl has no details
      finish();
      return fail(std::move(error));
    }
    finish();
    find_socket();
    // libcurl takes the end of a connection within the headers for the end of a response without a
    // body, and may keep the socket.
    if (!head_complete_) {
      close();
      return fail(Errc::connection_lost, "the Engine hung up in the middle of its answer");
    }
    return Result<void>{};
  }
  if (auto error = exceeded_limit(request_.limits, progress(), now)) {
    finish();
    return fail(std::move(*error));
  }
  return std::nullopt;
}

/// Where libcurl has tried two addresses at the same time, the socket that was opened last is not
/// always the one in use, and libcurl may keep the other one open for a while.
void CurlConnection::find_socket() noexcept {
  curl_socket_t used = CURL_SOCKET_BAD;
  curl_easy_getinfo(easy_.get(), CURLINFO_ACTIVESOCKET, &used);
  if (used != CURL_SOCKET_BAD && std::ranges::find(open_, used) != open_.end()) fd_ = used;
}

/// The socket of a transfer that is not complete is closed with it.
void CurlConnection::finish() noexcept {
  curl_multi_remove_handle(multi_.get(), easy_.get());
  in_progress_ = false;
}

SteadyTime CurlConnection::next_limit() const {
  return http::next_limit(request_.limits, progress());
}

Progress CurlConnection::progress() const {
  return {.started = started_,
          .sent_at = transfer_.sent ? std::optional(transfer_.sent_at) : std::nullopt,
          .first_byte_at = transfer_.first_byte_at,
          .last_byte_at = last_byte_,
          .paused = paused_};
}

void CurlConnection::wait(SteadyTime until) {
  constexpr auto longest = std::chrono::hours{1};
  const auto left = std::clamp<std::chrono::nanoseconds>(until - steady_now(), {}, longest);
  const auto timeout = std::chrono::ceil<Milliseconds>(left);
  curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(timeout.count()), nullptr);
}

Result<Response> CurlConnection::open_stream(const Request& request, const std::stop_token& stop) {
  start(request, Sink::reader);
  const std::stop_callback cancel(stop, [this] { abort(Errc::cancelled); });
  while (!head_complete_) {
    if (interrupted_) aborted_ = true;
    if (auto outcome = step(steady_now())) {
      ended_ = outcome->has_value();
      if (ended_) break;
      if (!head_complete_) return failed(outcome->error());
      stream_error_ =
          std::move(outcome->error());  // read() returns it after the bytes that came before
    }
    if (!head_complete_) wait(next_limit());
  }
  return response_;
}

Result<std::size_t> CurlConnection::read(std::span<char> into, SteadyTime deadline,
                                         const std::stop_token& stop) {
  // Only wakes the wait below: the token of the reader stops the read, not the stream.
  const std::stop_callback wake(stop, [this] { this->wake(); });
  while (true) {
    std::size_t size = 0;
    deliver(into, size);
    if (size > 0) return size;
    if (ended_) return 0U;
    if (stream_error_) return failed(*stream_error_);  // after the bytes that came before
    if (!in_progress_) return failed({Errc::closed, "the stream is closed"});
    if (stop.stop_requested()) return failed({Errc::cancelled, "cancelled while reading"});
    if (interrupted_.exchange(false)) return failed({Errc::cancelled, "interrupted"});
    const auto now = steady_now();
    if (auto outcome = step(now)) {
      ended_ = outcome->has_value();
      if (!ended_) stream_error_ = std::move(outcome->error());
      continue;
    }
    if (pending_from_ < pending_.size()) continue;
    if (now >= deadline) return failed({Errc::timeout, "nothing came before the deadline"});
    wait(std::min(deadline, next_limit()));
  }
}

/// Copies pending bytes to the reader. Once none are left, the Engine may send again.
void CurlConnection::deliver(std::span<char> into, std::size_t& size) {
  size = std::min(into.size(), pending_.size() - pending_from_);
  std::copy_n(pending_.data() + pending_from_, size, into.data());
  pending_from_ += size;
  if (pending_from_ < pending_.size()) return;
  pending_.clear();
  pending_from_ = 0;
  if (paused_) {
    paused_ = false;
    last_byte_ = steady_now();
    curl_easy_pause(easy_.get(), CURLPAUSE_CONT);
  }
}

void CurlConnection::abort(Errc why) noexcept {
  abort_reason_ = why;
  aborted_ = true;
  wake();
}

void CurlConnection::interrupt(Errc why) noexcept {
  abort_reason_ = why;
  interrupted_ = true;
  wake();
}

void CurlConnection::wake() noexcept {
  const MutexLock lock(wakeup_mutex_);
  if (wakeable_ != nullptr) curl_multi_wakeup(wakeable_);
}

void CurlConnection::close() noexcept {
  if (in_progress_) finish();
  if (fd_ < 0) return;
  // libcurl keeps an idle socket in its multi handle and cannot close it alone.
  {
    const MutexLock lock(wakeup_mutex_);
    wakeable_ = nullptr;
  }
  multi_.reset();
}

bool CurlConnection::alive() const noexcept {
  if (fd_ < 0) return false;
  pollfd poll{.fd = fd_, .events = POLLIN | POLLRDHUP, .revents = 0};
  // Between requests, anything that can be read is the end of the connection or not a response.
  // The tickets of TLS 1.3 come after the handshake and are read with the first response.
  return ::poll(&poll, 1, 0) == 0;
}

std::unexpected<Error> CurlConnection::failed(const Error& error) const {
  return fail(error.within(std::string(name_of(request_.method)) + " " + request_.target));
}

Error CurlConnection::abort_error(Errc why) const {
  switch (why) {
    case Errc::engine_down:
      return {why, "given up: the Engine was found to be down"};
    case Errc::closed:
      return {why, "given up: the pool is closing"};
    default:
      return {why, "cancelled"};
  }
}

Error CurlConnection::error_of(CURLcode code) const {
  if (code == CURLE_COULDNT_CONNECT && no_engine_) return *no_engine_;
  if (code == CURLE_COULDNT_CONNECT && no_socket_ != 0) return descriptor_error(no_socket_);
  if (code == CURLE_WRITE_ERROR && no_memory_) return {Errc::system, "no memory for the answer"};
  if (code == CURLE_WRITE_ERROR && !refused_.empty()) return {Errc::protocol, refused_};
  long os_error = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &os_error);
  return describe_failure({.address = address_,
                           .tls = tls_,
                           .code = code,
                           .os_error = static_cast<int>(os_error),
                           .sent = transfer_.sent,
                           .libcurl_says = curl_error_.data()});
}

curl_socket_t CurlConnection::on_open_socket(void* self, curlsocktype /*purpose*/,
                                             curl_sockaddr* address) {
  auto& connection = *static_cast<CurlConnection*>(self);
  // libcurl would send a request again whose socket died before the first byte of the response.
  if (connection.aborted_ || connection.transfer_.sent) return CURL_SOCKET_BAD;
  if (connection.is_engine_missing()) return CURL_SOCKET_BAD;
  connection.transfer_.reused_socket = false;
  // Where libcurl tries two addresses, the time is counted from the first.
  if (connection.opened_at_ < connection.started_) connection.opened_at_ = steady_now();
  const auto place = std::ranges::find(connection.open_, -1);
  if (place == connection.open_.end()) return CURL_SOCKET_BAD;
  const int socket = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (socket < 0) {
    if (says_exhausted(errno)) connection.no_socket_ = errno;
    return CURL_SOCKET_BAD;
  }
  connection.fd_ = *place = socket;
  connection.open_sockets_.fetch_add(1, std::memory_order_relaxed);
  return socket;
}

/// Checked before every socket is opened.
bool CurlConnection::is_engine_missing() noexcept {
  if (address_.pid_file.empty()) return false;
  try {
    no_engine_ = missing_engine_process(address_.pid_file);
    return no_engine_.has_value();
  } catch (const std::exception&) {  // no memory: do not connect
    no_socket_ = ENOMEM;
    return true;
  }
}

int CurlConnection::on_close_socket(void* self, curl_socket_t socket) {
  auto& connection = *static_cast<CurlConnection*>(self);
  std::ranges::replace(connection.open_, socket, -1);
  // Where libcurl has tried two addresses, the other socket may still be open.
  if (connection.fd_ == socket) connection.fd_ = std::ranges::max(connection.open_);
  connection.open_sockets_.fetch_sub(1, std::memory_order_relaxed);
  return ::close(socket);
}

int CurlConnection::on_request_sent(void* self, char* /*primary_ip*/, char* /*local_ip*/,
                                    int /*primary_port*/, int /*local_port*/) {
  auto& connection = *static_cast<CurlConnection*>(self);
  if (connection.aborted_ || connection.transfer_.sent) return CURL_PREREQFUNC_ABORT;
  connection.transfer_.sent = true;
  connection.transfer_.sent_at = steady_now();
  if (!connection.transfer_.reused_socket) {
    connection.transfer_.connect_time = connection.transfer_.sent_at - connection.opened_at_;
  }
  return CURL_PREREQFUNC_OK;
}

/// noexcept: libcurl is C, and no exception may pass through it.
std::size_t CurlConnection::on_header(char* data, std::size_t size, std::size_t count,
                                      void* self) noexcept {
  auto& connection = *static_cast<CurlConnection*>(self);
  try {
    connection.take_header({data, size * count});
  } catch (const std::bad_alloc&) {
    connection.no_memory_ = true;
  }
  return connection.no_memory_ || !connection.refused_.empty() ? 0 : size * count;
}

std::size_t CurlConnection::on_body(char* data, std::size_t size, std::size_t count,
                                    void* self) noexcept {
  auto& connection = *static_cast<CurlConnection*>(self);
  try {
    return connection.take_body({data, size * count});
  } catch (const std::bad_alloc&) {
    connection.no_memory_ = true;
    return 0;
  }
}

void CurlConnection::take_header(std::string_view line) {
  last_byte_ = steady_now();
  if (!transfer_.first_byte_at) transfer_.first_byte_at = last_byte_;
  transfer_.bytes_received += line.size();
  header_bytes_ += line.size();
  if (header_bytes_ > max_header_bytes) {
    refused_ = "the headers of the answer are larger than " + size_text(max_header_bytes);
    return;
  }
  if (const auto version = header_value(line, "Api-Version")) response_.api_version = *version;
  if (const auto type = header_value(line, "Content-Type")) response_.content_type = *type;
  if (const auto server = header_value(line, "Server")) response_.server = *server;
  if (line == "\r\n" || line == "\n") {
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    head_complete_ = status >= 200;  // heads of status 1xx come before the final one
    response_.status = static_cast<int>(status);
  }
}

/// How many bytes were taken. Fewer than given end the transfer.
std::size_t CurlConnection::take_body(std::string_view piece) {
  const bool streamed = sink_ == Sink::reader;
  auto& target = streamed ? pending_ : response_.body;
  if (streamed && !target.empty() && target.size() + piece.size() > max_pending_bytes) {
    paused_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  if (!streamed && target.size() + piece.size() > body_limit()) {
    refused_ = "the body of the answer, of status " + std::to_string(response_.status) +
               ", is larger than " + size_text(body_limit());
    return 0;
  }
  last_byte_ = steady_now();
  transfer_.bytes_received += piece.size();
  target.append(piece);
  return piece.size();
}

std::size_t CurlConnection::body_limit() const noexcept {
  const auto wanted = request_.limits.body_bytes;
  return response_.status < 400 ? wanted : std::min(wanted, max_error_body_bytes);
}

}  // namespace tidegauge::http
