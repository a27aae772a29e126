#include "tidegauge/pool/pooled_stream.h"

#include <array>
#include <atomic>
#include <semaphore>
#include <thread>

#include "support/catch.h"
#include "support/eventually.h"
#include "support/pool_scene.h"
#include "tidegauge/util/wakeup.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using model::CloseReason;
using test::error_of;
using test::Exchange;
using test::value_of;

namespace {

const http::Request request{.target = "/events", .limits = {.first_byte = 10s}};
constexpr pool::CallTag tag{.call_class = model::CallClass::stream};

void one_word(const test::Request& asked, Exchange& exchange) {
  if (asked.target != "/events") return void(exchange.reply(200));
  exchange.begin_chunks(200);
  exchange.chunk("word");
  exchange.end_chunks();
}

void word_and_silence(const test::Request& /*request*/, Exchange& exchange) {
  exchange.begin_chunks(200);
  exchange.chunk("word");
  exchange.hang();
}

Result<std::size_t> read(pool::PooledStream& stream, Milliseconds patience = 10s) {
  std::array<char, 100> piece{};
  return stream.read(piece, steady_now() + patience);
}

std::size_t closed(test::PoolScene& scene, CloseReason reason) {
  return scene.pool().stats().connections_closed[static_cast<std::size_t>(reason)];
}

}  // namespace

TEST_CASE("a stream has a slot of its own, however many callers there are") {
  test::PoolScene scene({.max_connections = 1, .max_streams = 1}, word_and_silence);
  const auto held = value_of(scene.pool().get_connection());
  const auto stream = value_of(scene.pool().open_stream(request, tag));
  const auto stats = scene.pool().stats();
  CHECK(stats.connections_stream == 1);
  CHECK(stats.connections_active == 1);
  CHECK(stats.open_sockets == 1);  // the caller has not connected
}

TEST_CASE("streams beyond the budget are refused at once, and the error names the option") {
  test::PoolScene scene({.max_streams = 1}, word_and_silence);
  const auto stream = value_of(scene.pool().open_stream(request, tag));
  const auto error = error_of(scene.pool().open_stream(request, tag));
  CHECK(error.code == Errc::queue_full);
  CHECK_THAT(error.message, test::contains("raise pool.max_streams"));
}

TEST_CASE("the clean end of a stream releases its slot with the socket open") {
  test::PoolScene scene({.max_streams = 1}, one_word);
  auto stream = value_of(scene.pool().open_stream(request, tag));
  CHECK(value_of(read(stream)) == 4);
  CHECK(value_of(read(stream)) == 0);
  CHECK(value_of(read(stream)) == 0);
  CHECK(scene.pool().stats().connections_stream == 0);
  auto next = value_of(scene.pool().open_stream(request, tag));
  CHECK(scene.server().counters().connections_accepted == 1);
}

TEST_CASE("a stream that is closed or destroyed early releases its slot and closes its socket") {
  test::PoolScene scene({.max_streams = 1}, word_and_silence);
  auto stream = value_of(scene.pool().open_stream(request, tag));
  stream.close();
  CHECK(error_of(read(stream)).code == Errc::closed);
  CHECK(closed(scene, CloseReason::stream_aborted) == 1);
  {
    const auto destroyed = value_of(scene.pool().open_stream(request, tag));
  }
  CHECK(closed(scene, CloseReason::stream_aborted) == 2);
  CHECK(scene.pool().stats().open_sockets == 0);
}

TEST_CASE("an exception while a stream is read releases its slot") {
  test::PoolScene scene({.max_streams = 1}, word_and_silence);
  try {
    const auto stream = value_of(scene.pool().open_stream(request, tag));
    throw std::runtime_error("reader failed");
  } catch (const std::runtime_error&) {
    CHECK(scene.pool().stats().connections_stream == 0);
  }
}

TEST_CASE("a stream that is cut fails and releases its slot") {
  test::PoolScene scene({}, [](const auto&, Exchange& exchange) {
    exchange.begin_chunks(200);
    exchange.chunk("word");
    exchange.close();
  });
  auto stream = value_of(scene.pool().open_stream(request, tag));
  CHECK(value_of(read(stream)) == 4);
  CHECK(error_of(read(stream)).code == Errc::connection_lost);
  CHECK(scene.pool().stats().connections_stream == 0);
}

TEST_CASE("a read of a silent stream times out, and the stream stays open") {
  test::PoolScene scene({}, word_and_silence);
  auto stream = value_of(scene.pool().open_stream(request, tag));
  value_of(read(stream));
  CHECK(error_of(read(stream, 5ms)).code == Errc::timeout);
  CHECK(scene.pool().stats().connections_stream == 1);
}

TEST_CASE("a thousand aborted streams leave nothing open") {
  test::PoolScene scene({}, word_and_silence);
  for (int i = 0; i < 1000; ++i) value_of(scene.pool().open_stream(request, tag));
  CHECK(scene.pool().stats().open_sockets == 0);
  CHECK(scene.server().await([](const auto& now) { return now.connections_open == 0; }));
}

TEST_CASE("closing the pool ends a stream that another thread reads") {
  test::PoolScene scene({}, word_and_silence);
  auto stream = value_of(scene.pool().open_stream(request, tag));
  value_of(read(stream));
  std::jthread reader([&] { CHECK(error_of(read(stream)).code == Errc::closed); });
  CHECK(scene.pool().close(steady_now()).empty());
}

// --- an outage -----------------------------------------------------------------------------------

namespace {

/// A pool whose Engine sends on a stream, and can stop listening.
class OutageScene {
 public:
  OutageScene()
      : scene_({.health_check_interval = 1h, .tuning = {.failure_threshold = 1}},
               [this](const test::Request& asked, Exchange& exchange) {
                 if (asked.target != "/events") {
                   return cuts_calls_ ? exchange.close() : void(exchange.reply(200));
                 }
                 exchange.begin_chunks(200);
                 exchange.chunk("word");
                 if (exchange.wait_for(last_words_, {}) != test::Waited::woken) return;
                 exchange.chunk("last words");
                 exchange.end_chunks();
               }) {}

  test::PoolScene& operator*() { return scene_; }
  test::PoolScene* operator->() { return &scene_; }

  pool::PooledStream open_stream() {
    auto stream = value_of(scene_.pool().open_stream(request, tag));
    CHECK(value_of(read(stream)) == 4);
    return stream;
  }
  void speak() { last_words_.signal(); }

  void go_down() {
    scene_.server().stop_listening(test::SocketFile::removed);
    find_down();
  }
  /// Goes down while sockets are open.
  void go_down_by_cut_calls() {
    cuts_calls_ = true;
    find_down();
  }
  void come_up() {
    scene_.server().listen();
    REQUIRE(test::eventually([&] {
      maintain();
      return scene_.pool().health().up;
    }));
    maintain();
  }
  /// One round of maintenance at a later time.
  void maintain(Milliseconds later = 0ms) {
    pool::PollSet poll_set;
    scene_.pool().maintain(steady_now() + later, poll_set);
  }

 private:
  void find_down() {
    {
      auto connection = value_of(scene_.pool().get_connection());
      CHECK_FALSE(connection.perform({.target = "/", .limits = test::patient}));
    }
    REQUIRE_FALSE(scene_.pool().health().up);
    maintain();
  }

  std::atomic<bool> cuts_calls_ = false;
  Wakeup last_words_;
  test::PoolScene scene_;
};

}  // namespace

TEST_CASE("a stream reports an outage once to its reader, and goes on until the Engine ends it") {
  OutageScene scene;
  auto stream = scene.open_stream();
  scene.go_down();
  CHECK(error_of(read(stream)).code == Errc::engine_down);
  CHECK(error_of(read(stream, 5ms)).code == Errc::timeout);
  CHECK(scene->pool().stats().connections_stream == 1);
  scene.speak();
  CHECK(value_of(read(stream)) == 10);
  CHECK(value_of(read(stream)) == 0);
  CHECK(scene->pool().stats().connections_stream == 0);
  CHECK(scene->pool().stats().open_sockets == 0);
}

TEST_CASE("a waiting reader learns of an outage at once") {
  OutageScene scene;
  auto stream = scene.open_stream();
  std::jthread reader([&] { CHECK(error_of(read(stream, 1h)).code == Errc::engine_down); });
  scene.go_down();
  reader.join();
}

TEST_CASE("a stream that its Engine leaves open ends half a minute after an outage has begun") {
  OutageScene scene;
  auto stream = scene.open_stream();
  scene.go_down();
  CHECK(error_of(read(stream)).code == Errc::engine_down);
  scene.maintain(29s);
  CHECK(error_of(read(stream, 5ms)).code == Errc::timeout);
  scene.maintain(31s);
  CHECK(error_of(read(stream)).code == Errc::connection_lost);
  CHECK(error_of(read(stream)).code == Errc::closed);
  CHECK(scene->pool().stats().connections_stream == 0);
}

TEST_CASE("a stream from before an outage ends when the Engine is up again; a new one does not") {
  OutageScene scene;
  auto stream = scene.open_stream();
  scene.go_down();
  CHECK(error_of(read(stream)).code == Errc::engine_down);
  scene.come_up();
  CHECK(error_of(read(stream, 5ms)).code == Errc::timeout);  // the stream is still open
  auto fresh = scene.open_stream();
  scene.maintain(2s);
  CHECK(error_of(read(stream)).code == Errc::connection_lost);
  CHECK(error_of(read(fresh, 5ms)).code == Errc::timeout);
}

TEST_CASE("a stream from before the previous outage ends when the next one begins") {
  OutageScene scene;
  auto stream = scene.open_stream();
  scene.go_down();
  CHECK(error_of(read(stream)).code == Errc::engine_down);
  scene.come_up();
  auto fresh = scene.open_stream();
  scene.go_down_by_cut_calls();
  CHECK(error_of(read(stream)).code == Errc::engine_down);
  CHECK(error_of(read(stream, 5ms)).code == Errc::connection_lost);
  CHECK(error_of(read(fresh)).code == Errc::engine_down);
  CHECK(error_of(read(fresh, 5ms)).code == Errc::timeout);
}

TEST_CASE("a stream that is being opened is given up when an outage begins") {
  std::binary_semaphore asked(0);
  test::PoolScene scene({.tuning = {.failure_threshold = 1}},
                        [&](const test::Request&, Exchange& exchange) {
                          asked.release();
                          exchange.hang();
                        });
  const std::jthread opener(
      [&] { CHECK(error_of(scene.pool().open_stream(request, tag)).code == Errc::engine_down); });
  asked.acquire();
  scene.server().stop_listening(test::SocketFile::removed);
  auto connection = value_of(scene.pool().get_connection());
  CHECK_FALSE(connection.perform({.target = "/", .limits = test::patient}));
  pool::PollSet poll_set;
  scene.pool().maintain(steady_now(), poll_set);
}
