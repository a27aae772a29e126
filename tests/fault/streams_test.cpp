// Streams whose reader is slow, leaves in the middle or dies, and more streams than there are
// slots.

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "fault/pool_invariants.h"
#include "support/catch.h"
#include "support/http_server.h"
#include "support/nothing_left_behind.h"
#include "support/pool_scene.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using model::CloseReason;
using test::ask;
using test::check_pool_invariants;
using test::error_of;
using test::Exchange;
using test::index_of;
using test::PoolScene;
using test::Request;
using test::value_of;

namespace {

const http::Request logs{.target = "/logs", .limits = {.first_byte = 10s}};
constexpr pool::CallTag tag{.call_class = model::CallClass::stream};

/// Sends on `/logs` as much as is taken.
class Torrent {
 public:
  void operator()(const Request& request, Exchange& exchange) {
    if (request.target != "/logs") return void(exchange.reply(200));
    const std::string line(16'384, 'z');
    exchange.begin_chunks(200);
    while (exchange.chunk(line)) sent_ += line.size();
  }
  [[nodiscard]] std::size_t sent() const { return sent_; }

 private:
  std::atomic<std::size_t> sent_ = 0;
};

void read_some(pool::PooledStream& stream) {
  std::array<char, 10> piece{};
  CHECK(value_of(stream.read(piece, steady_now() + 10s)) > 0);
}

}  // namespace

TEST_CASE("a stream that is left early releases its slot, and the server sees the socket close") {
  const test::NothingLeftBehind nothing_left_behind;
  Torrent torrent;
  PoolScene scene({.max_streams = 1}, std::ref(torrent));
  for (int i = 0; i < 20; ++i) {
    auto stream = value_of(scene.pool().open_stream(logs, tag));
    read_some(stream);
  }
  CHECK(scene.pool().stats().open_sockets == 0);
  CHECK(scene.pool().stats().connections_closed[index_of(CloseReason::stream_aborted)] == 20);
  CHECK(scene.server().await([](const auto& now) { return now.connections_open == 0; }));
  CHECK(scene.server().requests("/logs") == 20);
  check_pool_invariants(scene.pool());
}

TEST_CASE("readers that do not read make the server wait, and no caller") {
  constexpr std::size_t streams = 4;
  const test::NothingLeftBehind nothing_left_behind;
  Torrent torrent;
  PoolScene scene({.max_connections = 1, .max_streams = streams}, std::ref(torrent));
  {
    std::vector<pool::PooledStream> unread;
    for (std::size_t i = 0; i < streams; ++i) {
      unread.push_back(value_of(scene.pool().open_stream(logs, tag)));
    }
    for (int i = 0; i < 200; ++i) value_of(ask(scene.pool()));
    CHECK(torrent.sent() < streams * 4 * 1024 * 1024);
    for (auto& stream : unread) read_some(stream);
    CHECK(scene.pool().stats().connections_stream == streams);
  }
  check_pool_invariants(scene.pool());
}

TEST_CASE("a stream ends when the thread of its reader ends") {
  const test::NothingLeftBehind nothing_left_behind;
  Torrent torrent;
  PoolScene scene({.max_streams = 1}, std::ref(torrent));
  auto stream = value_of(scene.pool().open_stream(logs, tag));
  std::jthread reader([stream = std::move(stream)]() mutable {
    try {
      read_some(stream);
      const auto mine = std::move(stream);
      throw std::runtime_error("the reader has died");
    } catch (const std::runtime_error&) {
    }
  });
  reader.join();
  CHECK(scene.pool().stats().connections_stream == 0);
  auto next = value_of(scene.pool().open_stream(logs, tag));
  next.close();
  check_pool_invariants(scene.pool());
}

TEST_CASE("concurrent streams beyond the budget are refused") {
  constexpr std::uint32_t budget = 4;
  constexpr std::uint64_t threads_count = 32;
  const test::NothingLeftBehind nothing_left_behind;
  Torrent torrent;
  PoolScene scene({.max_streams = budget}, std::ref(torrent));
  std::atomic<std::uint64_t> open = 0;
  std::atomic<std::uint64_t> refused = 0;
  std::atomic<std::uint64_t> most = 0;
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t i = 0; i < threads_count; ++i) {
      threads.emplace_back([&] {
        auto stream = scene.pool().open_stream(logs, tag);
        // Whoever got one keeps it until everybody has asked.
        ++(stream ? open : refused);
        most = std::max<std::uint64_t>(most, scene.pool().stats().connections_stream);
        if (!stream && stream.error().code != Errc::queue_full) most = threads_count;
        std::ignore = test::eventually([&] { return open + refused == threads_count; });
      });
    }
  }
  CHECK(open == budget);
  CHECK(refused == threads_count - budget);
  CHECK(most <= budget);
  CHECK(scene.server().requests("/logs") == budget);
  check_pool_invariants(scene.pool());
}

TEST_CASE("a stream that outlives its pool has ended, and leaves nothing open") {
  const test::NothingLeftBehind nothing_left_behind;
  Torrent torrent;
  std::optional<pool::PooledStream> stream;
  {
    PoolScene scene({}, std::ref(torrent));
    stream = value_of(scene.pool().open_stream(logs, tag));
    CHECK(scene.pool().close(steady_now()).size() == 1);
  }
  std::array<char, 10> piece{};
  auto end = stream->read(piece, steady_now() + 10s);
  while (end && *end > 0) end = stream->read(piece, steady_now() + 10s);  // what had come before
  CHECK(error_of(end).code == Errc::closed);
}
