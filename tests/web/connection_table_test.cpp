#include "web/connection_table.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <thread>

#include "support/catch.h"
#include "tidegauge/util/unique_fd.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using web::CloseReason;
using web::ConnectionLimits;
using web::ConnectionTable;

namespace {

/// Both ends of a connection: the table shuts down the server's end, and the client sees it.
class Client {
 public:
  Client() {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    server_ = UniqueFd(ends[0]);
    client_ = UniqueFd(ends[1]);
  }
  [[nodiscard]] int socket() const { return server_.get(); }
  [[nodiscard]] bool has_been_closed() const {
    pollfd end{.fd = client_.get(), .events = POLLIN, .revents = 0};
    return ::poll(&end, 1, 0) == 1;
  }

 private:
  UniqueFd server_;
  UniqueFd client_;
};

/// A table with a clock and a kernel of the test's own.
class Fixture {
 public:
  explicit Fixture(const ConnectionLimits& limits)
      : table(limits,
              {.unsent = [this](int socket) { return unsent[socket]; },
               .unread = [this](int socket) { return unread[socket]; },
               .received = [this](int socket) { return value(received, socket); },
               .taken = [this](int socket) { return value(taken, socket); }},
              [this](CloseReason reason) { closed.push_back(reason); }) {}

  /// A client that the HTTP library serves.
  Client& connect(const std::string& peer) {
    auto& client = *clients.emplace_back(std::make_unique<Client>());
    table.admit(client.socket(), {.address = peer}, now);
    table.started(client.socket(), now);
    now += 1ms;
    return client;
  }
  void serve_request(const Client& client) {
    table.head_received(client.socket(), now);
    table.request_finished(client.socket(), now);
  }
  /// A request whose large answer is on its way.
  bool begin_answer(const Client& client) {
    table.head_received(client.socket(), now);
    return table.begin_answer(client.socket(), now);
  }
  void pass(Milliseconds time) {
    now += time;
    table.close_overdue(now);
  }

  using Bytes = std::map<int, std::uint64_t>;
  static std::optional<std::uint64_t> value(const Bytes& bytes, int socket) {
    const auto found = bytes.find(socket);
    return found == bytes.end() ? std::nullopt : std::optional(found->second);
  }

  SteadyTime now{};
  Bytes unsent;
  Bytes unread;
  Bytes received;
  Bytes taken;
  std::vector<CloseReason> closed;
  std::vector<std::unique_ptr<Client>> clients;
  ConnectionTable table;
};

using Reasons = std::vector<CloseReason>;

}  // namespace

TEST_CASE("a new client takes the place of the one that has waited longest") {
  Fixture fixture({.max_connections = 3});
  auto& first = fixture.connect("a");
  auto& second = fixture.connect("a");
  auto& third = fixture.connect("a");
  CHECK_FALSE(first.has_been_closed());
  fixture.connect("a");
  CHECK(first.has_been_closed());
  CHECK_FALSE(second.has_been_closed());
  CHECK_FALSE(third.has_been_closed());
  CHECK(fixture.closed == Reasons{CloseReason::evicted});
  CHECK(fixture.table.size() == 3);
}

TEST_CASE("waiting begins again with each request that is answered") {
  Fixture fixture({.max_connections = 2});
  auto& first = fixture.connect("a");
  auto& second = fixture.connect("a");
  fixture.serve_request(first);
  fixture.connect("a");
  CHECK(second.has_been_closed());
  CHECK_FALSE(first.has_been_closed());
}

TEST_CASE("an address with many connections displaces its own, not those of others") {
  Fixture fixture({.max_connections = 3});
  auto& scraper = fixture.connect("good");
  auto& flood = fixture.connect("bad");
  fixture.connect("bad");
  fixture.connect("bad");
  CHECK(flood.has_been_closed());
  for (int i = 0; i < 20; ++i) fixture.connect("bad");
  CHECK_FALSE(scraper.has_been_closed());
  fixture.connect("new");
  CHECK_FALSE(scraper.has_been_closed());
}

TEST_CASE("a client whose request is being answered goes last") {
  Fixture fixture({.max_connections = 2});
  auto& answered = fixture.connect("a");
  fixture.table.head_received(answered.socket(), fixture.now);
  auto& idle = fixture.connect("a");
  fixture.connect("a");
  CHECK_FALSE(answered.has_been_closed());
  CHECK(idle.has_been_closed());
}

TEST_CASE("a client whose request nobody has read yet is not displaced") {
  Fixture fixture({.max_connections = 2});
  auto& unread = fixture.connect("a");
  auto& heard = fixture.connect("a");
  fixture.unread[unread.socket()] = 100;
  fixture.connect("a");
  CHECK_FALSE(unread.has_been_closed());
  CHECK(heard.has_been_closed());
}

TEST_CASE("a request head must be complete in time, from the connection on") {
  Fixture fixture({.head_timeout = 5s});
  auto& slow = fixture.connect("a");
  auto& quick = fixture.connect("a");
  fixture.serve_request(quick);
  fixture.pass(4900ms);
  CHECK_FALSE(slow.has_been_closed());
  fixture.pass(200ms);
  CHECK(slow.has_been_closed());
  CHECK_FALSE(quick.has_been_closed());
  CHECK(fixture.closed == Reasons{CloseReason::head_timeout});
  fixture.pass(1s);
  CHECK(fixture.closed.size() == 1);  // each is closed once
}

TEST_CASE("a kept-alive client has the same time for its next head, from the first byte on") {
  Fixture fixture({.head_timeout = 5s, .idle_timeout = 75s});
  auto& client = fixture.connect("a");
  fixture.received[client.socket()] = 100;
  fixture.serve_request(client);
  fixture.pass(60s);
  CHECK_FALSE(client.has_been_closed());
  fixture.received[client.socket()] = 101;
  fixture.pass(1s);
  fixture.pass(4900ms);
  CHECK_FALSE(client.has_been_closed());
  fixture.pass(200ms);
  CHECK(fixture.closed == Reasons{CloseReason::head_timeout});
}

TEST_CASE("a kept-alive client without a request goes after the idle timeout") {
  Fixture fixture({.idle_timeout = 75s});
  auto& client = fixture.connect("a");
  fixture.serve_request(client);
  fixture.pass(74s);
  CHECK_FALSE(client.has_been_closed());
  fixture.pass(2s);
  CHECK(fixture.closed == Reasons{CloseReason::idle_timeout});
}

TEST_CASE("a client that reads a large answer too slowly is closed after a window") {
  Fixture fixture({.rate_window = 10s, .min_rate = 1'000});
  auto& slow = fixture.connect("a");
  auto& quick = fixture.connect("a");
  for (auto* client : {&slow, &quick}) {
    fixture.taken[client->socket()] = 0;
    REQUIRE(fixture.begin_answer(*client));
  }
  // The first window has what fits into the buffers of both kernels.
  fixture.taken[slow.socket()] = 300'000;
  fixture.taken[quick.socket()] = 300'000;
  fixture.pass(10s);
  CHECK(fixture.closed.empty());
  fixture.taken[slow.socket()] += 9'999;
  fixture.taken[quick.socket()] += 10'000;
  fixture.pass(10s);
  CHECK(slow.has_been_closed());
  CHECK_FALSE(quick.has_been_closed());
  CHECK(fixture.closed == Reasons{CloseReason::slow_reader});
}

TEST_CASE("where the kernel does not tell what the client takes, what it takes itself counts") {
  Fixture fixture({.rate_window = 10s, .min_rate = 1'000});
  auto& client = fixture.connect("unix");
  REQUIRE(fixture.begin_answer(client));
  fixture.table.answer_progressed(client.socket(), 15'000, fixture.now);
  fixture.pass(10s);
  CHECK(fixture.closed.empty());
  fixture.pass(10s);
  CHECK(fixture.closed == Reasons{CloseReason::slow_reader});
}

TEST_CASE("an answer whose end nobody reads is closed, too, and one that is read is not") {
  Fixture fixture({.idle_timeout = 75s, .rate_window = 10s, .min_rate = 1'000});
  auto& unread = fixture.connect("a");
  auto& read = fixture.connect("a");
  for (auto* client : {&unread, &read}) {
    fixture.taken[client->socket()] = 0;
    REQUIRE(fixture.begin_answer(*client));
    fixture.unsent[client->socket()] = 50'000;
    fixture.table.request_finished(client->socket(), fixture.now);
  }
  CHECK(fixture.table.answers() == 2);
  fixture.unsent[read.socket()] = 0;
  CHECK(fixture.table.answers() == 1);
  fixture.pass(11s);
  CHECK(unread.has_been_closed());
  CHECK_FALSE(read.has_been_closed());
}

TEST_CASE("beyond the limit of large answers, one that has stalled gives way") {
  Fixture fixture({.max_answers = 2, .stalled_after = 100ms});
  auto& stalled = fixture.connect("a");
  auto& reading = fixture.connect("a");
  auto& newcomer = fixture.connect("a");
  REQUIRE(fixture.begin_answer(stalled));
  REQUIRE(fixture.begin_answer(reading));
  CHECK_FALSE(fixture.begin_answer(newcomer));
  fixture.now += 100ms;
  fixture.table.answer_progressed(reading.socket(), 1'000, fixture.now);
  CHECK(fixture.begin_answer(newcomer));
  CHECK(stalled.has_been_closed());
  CHECK_FALSE(reading.has_been_closed());
  CHECK(fixture.closed == Reasons{CloseReason::evicted});
  CHECK(fixture.table.answers() == 2);
}

TEST_CASE("a small answer does not count towards the limit of large ones") {
  Fixture fixture({.max_answers = 1});
  auto& small = fixture.connect("a");
  fixture.table.head_received(small.socket(), fixture.now);
  CHECK(fixture.begin_answer(fixture.connect("a")));
}

TEST_CASE("a large answer is over when the client has read it, and the next request is a new one") {
  Fixture fixture({.max_answers = 1});
  auto& client = fixture.connect("a");
  for (int request = 0; request < 3; ++request) {
    REQUIRE(fixture.begin_answer(client));
    fixture.table.request_finished(client.socket(), fixture.now);
  }
  CHECK(fixture.closed.empty());
}

TEST_CASE("there is room again when what was shut down is closed") {
  Fixture fixture({.max_connections = 1});
  std::vector<Client*> all;
  for (std::size_t i = 0; i < fixture.table.hard_limit(); ++i) all.push_back(&fixture.connect("a"));
  CHECK_FALSE(fixture.table.wait_for_room(steady_now()));
  const std::jthread library([&] { fixture.table.closed(all.front()->socket()); });
  CHECK(fixture.table.wait_for_room(steady_now() + 20s));
}

TEST_CASE("a descriptor that is used again is a new connection") {
  Fixture fixture({.head_timeout = 5s});
  const auto& client = fixture.connect("a");
  fixture.serve_request(client);
  fixture.table.closed(client.socket());
  CHECK(fixture.table.size() == 0);
  fixture.table.admit(client.socket(), {.address = "b"}, fixture.now);
  fixture.table.started(client.socket(), fixture.now);
  fixture.pass(6s);
  CHECK(fixture.closed == Reasons{CloseReason::head_timeout});
}

TEST_CASE("a connection that the library has not taken is neither shut down nor kept for ever") {
  Fixture fixture({.max_connections = 1});
  const Client client;
  fixture.table.admit(client.socket(), {.address = "a"}, fixture.now);
  fixture.connect("a");
  CHECK_FALSE(client.has_been_closed());
  fixture.pass(31s);
  CHECK_FALSE(client.has_been_closed());
  CHECK(fixture.table.size() == 0);
}
