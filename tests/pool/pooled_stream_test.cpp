#include "tidegauge/pool/pooled_stream.h"

#include <array>

#include "support/catch.h"
#include "support/pool_scene.h"

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

TEST_CASE("more streams than the budget are refused at once, by the option's name") {
  test::PoolScene scene({.max_streams = 1}, word_and_silence);
  const auto stream = value_of(scene.pool().open_stream(request, tag));
  const auto error = error_of(scene.pool().open_stream(request, tag));
  CHECK(error.code == Errc::queue_full);
  CHECK_THAT(error.message, test::contains("raise pool.max_streams"));
}

TEST_CASE("the clean end of a stream gives back slot and socket") {
  test::PoolScene scene({.max_streams = 1}, one_word);
  auto stream = value_of(scene.pool().open_stream(request, tag));
  CHECK(value_of(read(stream)) == 4);
  CHECK(value_of(read(stream)) == 0);
  CHECK(value_of(read(stream)) == 0);
  CHECK(scene.pool().stats().connections_stream == 0);
  auto next = value_of(scene.pool().open_stream(request, tag));
  CHECK(scene.server().counters().connections_accepted == 1);
}

TEST_CASE("a stream closed or destroyed before its end gives back its slot and costs its socket") {
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

TEST_CASE("an exception while a stream is read gives back its slot") {
  test::PoolScene scene({.max_streams = 1}, word_and_silence);
  try {
    const auto stream = value_of(scene.pool().open_stream(request, tag));
    throw std::runtime_error("reader failed");
  } catch (const std::runtime_error&) {
    CHECK(scene.pool().stats().connections_stream == 0);
  }
}

TEST_CASE("a stream that is cut has failed, and gives back its slot") {
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

TEST_CASE("a silent stream times out for its reader alone") {
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

TEST_CASE("closing the pool ends a stream in another thread's hands") {
  test::PoolScene scene({}, word_and_silence);
  auto stream = value_of(scene.pool().open_stream(request, tag));
  value_of(read(stream));
  std::jthread reader([&] { CHECK(error_of(read(stream)).code == Errc::closed); });
  CHECK(scene.pool().close(steady_now()).empty());
}
