#include "support/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <system_error>

namespace tidegauge::test {

namespace {

constexpr std::size_t max_head_bytes = 65'536;
constexpr std::size_t max_body_bytes = 16UL * 1024 * 1024;

/// What ended a wait.
enum class Ready : std::uint8_t { nothing, socket, stop, other };

struct Waiting {
  int socket;
  short events;
  int stop;
  int other = -1;
  std::optional<SteadyTime> deadline = {};
};

int poll_timeout(std::optional<SteadyTime> deadline) {
  if (!deadline) return -1;
  const auto left = std::chrono::ceil<Milliseconds>(*deadline - steady_now()).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, 3'600'000));
}

Ready wait_ready(const Waiting& waiting) {
  std::array<pollfd, 3> polled{
      {{waiting.socket, waiting.events, 0}, {waiting.stop, POLLIN, 0}, {waiting.other, POLLIN, 0}}};
  while (true) {
    const int count = ::poll(polled.data(), polled.size(), poll_timeout(waiting.deadline));
    if (count < 0 && errno == EINTR) continue;
    if (polled[1].revents != 0) return Ready::stop;
    if (polled[0].revents != 0) return Ready::socket;
    if (polled[2].revents != 0) return Ready::other;
    if (!waiting.deadline || steady_now() >= *waiting.deadline) return Ready::nothing;
  }
}

[[noreturn]] void fail_with_errno(const std::string& doing) {
  throw std::system_error(errno, std::system_category(), doing);
}

UniqueFd open_socket(int family) {
  UniqueFd socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) fail_with_errno("socket");
  return socket;
}

UniqueFd listen_at_path(const std::string& path, int backlog) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    throw std::system_error(ENAMETOOLONG, std::system_category(), path);
  }
  std::ranges::copy(path, address.sun_path);
  auto socket = open_socket(AF_UNIX);
  ::unlink(path.c_str());
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(socket.get(), backlog) != 0) {
    fail_with_errno("listen at " + path);
  }
  return socket;
}

/// On the port given, or on one that the system chooses and that is then in `port`.
UniqueFd listen_at_port(std::uint16_t& port, int backlog) {
  auto socket = open_socket(AF_INET);
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (::bind(socket.get(), generic, size) != 0 || ::listen(socket.get(), backlog) != 0 ||
      ::getsockname(socket.get(), generic, &size) != 0) {
    fail_with_errno("listen at port " + std::to_string(port));
  }
  port = ntohs(address.sin_port);
  return socket;
}

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 409:
      return "Conflict";
    case 500:
      return "Internal Server Error";
    default:
      return "Status";
  }
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

/// The text before the separator; what follows it remains in `rest`.
std::string_view cut(std::string_view& rest, std::string_view separator) {
  const auto at = std::min(rest.find(separator), rest.size());
  const auto head = rest.substr(0, at);
  rest.remove_prefix(std::min(at + separator.size(), rest.size()));
  return head;
}

std::optional<Request> parse_head(std::string_view head) {
  auto first_line = cut(head, "\r\n");
  Request request;
  request.method = cut(first_line, " ");
  request.target = cut(first_line, " ");
  if (request.target.empty() || !first_line.starts_with("HTTP/1.")) return std::nullopt;
  while (!head.empty()) {
    auto line = cut(head, "\r\n");
    const auto name = lower_case(cut(line, ":"));
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    request.headers.emplace_back(name, line);
  }
  if (first_line == "HTTP/1.0") request.headers.emplace_back("connection", "close");
  return request;
}

std::string_view header(const Request& request, std::string_view name) {
  const auto found = std::ranges::find(request.headers, name, &Headers::value_type::first);
  return found == request.headers.end() ? std::string_view() : found->second;
}

/// Nothing where it is not a number, or more than is taken.
std::optional<std::size_t> body_length(const Request& request) {
  const auto text = header(request, "content-length");
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (text.empty()) return 0;
  if (error != std::errc{} || end != text.data() + text.size() || length > max_body_bytes) {
    return std::nullopt;
  }
  return length;
}

}  // namespace

std::string encode_head(int status, const Headers& headers) {
  auto head = "HTTP/1.1 " + std::to_string(status) + " ";
  head.append(reason_of(status)).append("\r\n");
  for (const auto& [name, value] : headers) {
    head.append(name).append(": ").append(value).append("\r\n");
  }
  return head + "\r\n";
}

std::string encode_reply(int status, Headers headers, std::string_view body) {
  headers.emplace_back("Content-Length", std::to_string(body.size()));
  return encode_head(status, headers).append(body);
}

std::string encode_chunked_reply(int status, Headers headers, std::string_view body) {
  headers.emplace_back("Transfer-Encoding", "chunked");
  return encode_head(status, headers) + encode_chunk(body) + "0\r\n\r\n";
}

std::string encode_chunk(std::string_view data) {
  std::array<char, 16> size{};
  const char* const begin = size.data();
  const char* const end = std::to_chars(size.begin(), size.end(), data.size(), 16).ptr;
  return std::string(begin, end).append("\r\n").append(data).append("\r\n");
}

Exchange::Exchange(HttpServer& server, int socket, const Request& request)
    : server_(server), socket_(socket), request_(request) {
  if (lower_case(header(request, "connection")) == "close") close();
}

bool Exchange::reply(int status, const Headers& headers, std::string_view body) {
  auto bytes = encode_reply(status, headers, body);
  if (request_.method == "HEAD") bytes.resize(bytes.size() - body.size());
  return raw(bytes);
}

bool Exchange::raw(std::string_view bytes) {
  return server_.send(socket_, bytes);
}

bool Exchange::begin_chunks(int status, Headers headers) {
  headers.emplace_back("Transfer-Encoding", "chunked");
  return raw(encode_head(status, headers));
}

bool Exchange::chunk(std::string_view data) {
  return raw(encode_chunk(data));
}

bool Exchange::end_chunks() {
  return raw("0\r\n\r\n");
}

void Exchange::hang() {
  wait_ready({.socket = socket_, .events = POLLRDHUP, .stop = server_.stop_connections_.fd()});
  close();
}

bool Exchange::wait(Milliseconds duration) {
  return wait_ready({.socket = socket_,
                     .events = POLLRDHUP,
                     .stop = server_.stop_connections_.fd(),
                     .deadline = steady_now() + duration}) == Ready::nothing;
}

Waited Exchange::wait_for(const Wakeup& event, std::optional<Milliseconds> limit) {
  Waiting waiting{.socket = socket_,
                  .events = POLLRDHUP,
                  .stop = server_.stop_connections_.fd(),
                  .other = event.fd()};
  if (limit) waiting.deadline = steady_now() + *limit;
  switch (wait_ready(waiting)) {
    case Ready::nothing:
      return Waited::timed_out;
    case Ready::other:
      return Waited::woken;
    default:
      return Waited::gone;
  }
}

HttpServer::HttpServer(std::string socket_path, Handler handler, HttpServerLimits limits)
    : socket_path_(std::move(socket_path)), handler_(std::move(handler)), limits_(limits) {
  listen();
}

HttpServer::HttpServer(LoopbackTcp, Handler handler, HttpServerLimits limits)
    : handler_(std::move(handler)), limits_(limits) {
  listen();
}

HttpServer::~HttpServer() {
  stop_listening(SocketFile::removed);
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  stop_connections_.signal();
  // Nobody adds to the list any more, and threads only mark themselves finished.
  for (auto& connection : connections_) connection.thread.join();
}

void HttpServer::listen() {
  if (listener_.valid()) return;
  listener_ = socket_path_.empty() ? listen_at_port(port_, limits_.backlog)
                                   : listen_at_path(socket_path_, limits_.backlog);
  start_accepting();
}

void HttpServer::stop_listening(SocketFile file) {
  if (!listener_.valid()) return;
  stop_accepting();
  listener_.reset();
  if (file == SocketFile::removed && !socket_path_.empty()) ::unlink(socket_path_.c_str());
}

void HttpServer::start_accepting() {
  if (acceptor_.joinable()) return;
  stop_acceptor_.drain();
  acceptor_ = std::thread([this] { accept_connections(); });
}

void HttpServer::stop_accepting() {
  if (!acceptor_.joinable()) return;
  stop_acceptor_.signal();
  acceptor_.join();
}

void HttpServer::accept_connections() {
  const Waiting waiting{.socket = listener_.get(), .events = POLLIN, .stop = stop_acceptor_.fd()};
  while (wait_ready(waiting) == Ready::socket) {
    UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    join_finished();
    if (socket.valid()) adopt(std::move(socket));
  }
}

void HttpServer::adopt(UniqueFd socket) {
  const std::lock_guard lock(mutex_);
  ++counters_.connections_accepted;
  if (connections_.size() < limits_.connections) {
    ++counters_.connections_open;
    auto& connection = connections_.emplace_back();
    connection.socket = std::move(socket);
    connection.number = counters_.connections_accepted;
    connection.thread = std::thread([this, &connection] { serve(connection); });
  }
  changed_.notify_all();
}

void HttpServer::join_finished() {
  std::list<Connection> finished;
  {
    const std::lock_guard lock(mutex_);
    for (auto at = connections_.begin(); at != connections_.end();) {
      const auto next = std::next(at);
      if (at->finished) finished.splice(finished.end(), connections_, at);
      at = next;
    }
  }
  for (auto& connection : finished) connection.thread.join();
}

void HttpServer::disconnect_all() {
  const std::lock_guard lock(mutex_);
  for (auto& connection : connections_) ::shutdown(connection.socket.get(), SHUT_RDWR);
}

void HttpServer::freeze() {
  stop_accepting();
  const std::lock_guard lock(mutex_);
  frozen_ = true;
}

void HttpServer::thaw() {
  {
    const std::lock_guard lock(mutex_);
    frozen_ = false;
  }
  changed_.notify_all();
  if (listener_.valid()) start_accepting();
}

void HttpServer::serve(Connection& connection) {
  while (const auto request = read_request(connection)) {
    count(*request);
    Exchange exchange(*this, connection.socket.get(), *request);
    handler_(*request, exchange);
    if (exchange.ending_ == Exchange::Ending::keep_alive) continue;
    if (exchange.ending_ == Exchange::Ending::reset) {
      const linger at_once{.l_onoff = 1, .l_linger = 0};
      ::setsockopt(connection.socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    break;
  }
  retire(connection);
}

std::optional<Request> HttpServer::read_request(Connection& connection) {
  auto& unread = connection.unread;
  auto end = unread.find("\r\n\r\n");
  for (; end == std::string::npos; end = unread.find("\r\n\r\n")) {
    if (unread.size() > max_head_bytes || !receive(connection)) return std::nullopt;
  }
  auto request = parse_head(std::string_view(unread).substr(0, end));
  if (!request) return std::nullopt;
  const auto length = body_length(*request);
  if (!length) return std::nullopt;
  const auto body_begin = end + 4;
  while (unread.size() < body_begin + *length) {
    if (!receive(connection)) return std::nullopt;
  }
  request->body = unread.substr(body_begin, *length);
  unread.erase(0, body_begin + *length);
  request->connection = connection.number;
  request->number = ++connection.requests;
  return request;
}

bool HttpServer::receive(Connection& connection) {
  const int socket = connection.socket.get();
  if (wait_ready({.socket = socket, .events = POLLIN, .stop = stop_connections_.fd()}) !=
          Ready::socket ||
      !wait_while_frozen()) {
    return false;
  }
  std::array<char, 16'384> buffer{};
  // It neither blocks nor holds the lock of wait_while_frozen().
  // NOLINTNEXTLINE(clang-analyzer-unix.BlockInCriticalSection)
  const auto count = ::recv(socket, buffer.data(), buffer.size(), 0);
  if (count <= 0) return count < 0 && (errno == EAGAIN || errno == EINTR);
  connection.unread.append(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

void HttpServer::count(const Request& request) {
  {
    const std::lock_guard lock(mutex_);
    ++counters_.requests;
    ++counters_.requests_by_target[request.target];
  }
  changed_.notify_all();
}

void HttpServer::retire(Connection& connection) {
  // Under the lock, so that disconnect_all() never meets a descriptor that is somebody else's by
  // then, and so that nothing of the server is touched once it may be joined.
  const std::lock_guard lock(mutex_);
  connection.socket.reset();
  connection.finished = true;
  --counters_.connections_open;
  changed_.notify_all();
}

bool HttpServer::send(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    if (!wait_while_frozen()) return false;
    const auto count = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if ((errno != EAGAIN && errno != EINTR) ||
               wait_ready({.socket = socket, .events = POLLOUT, .stop = stop_connections_.fd()}) !=
                   Ready::socket) {
      return false;
    }
  }
  return true;
}

bool HttpServer::wait_while_frozen() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !frozen_ || stopping_; });
  return !stopping_;
}

HttpServer::Counters HttpServer::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

std::uint64_t HttpServer::requests(const std::string& target) const {
  const std::lock_guard lock(mutex_);
  const auto found = counters_.requests_by_target.find(target);
  return found == counters_.requests_by_target.end() ? 0 : found->second;
}

bool HttpServer::await(const std::function<bool(const Counters&)>& wanted,
                       Milliseconds limit) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, limit, [&] { return wanted(counters_); });
}

}  // namespace tidegauge::test
