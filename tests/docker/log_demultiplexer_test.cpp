#include "tidegauge/docker/log_demultiplexer.h"

#include "support/catch.h"
#include "support/temporary_directory.h"

using namespace tidegauge;
using docker::LogDemultiplexer;
using test::error_of;
using test::value_of;
using Source = model::LogFrame::Source;

namespace {

/// The frames of a stream that comes in pieces of `size` bytes.
std::vector<model::LogFrame> frames_of(std::string_view bytes, std::size_t size) {
  LogDemultiplexer demultiplexer(LogDemultiplexer::Format::multiplexed);
  std::vector<model::LogFrame> frames;
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    demultiplexer.feed(bytes.substr(at, size));
    while (auto frame = value_of(demultiplexer.next())) frames.push_back(std::move(*frame));
  }
  CHECK(demultiplexer.drained());
  return frames;
}

std::string recorded(const std::string& name) {
  const auto* const set = GENERATE("docker-26.1.5-cgroup1", "docker-29-cgroup1");
  return test::read_file(std::string(TIDEGAUGE_TEST_DATA) + "/" + set + "/" + name);
}

}  // namespace

TEST_CASE("the frames of a real log are the same however its bytes are split") {
  const auto bytes = recorded("logs-odd.name_1-x.raw");
  const auto whole = frames_of(bytes, bytes.size());
  REQUIRE(whole.size() > 1);
  std::size_t text = 0;
  for (const auto& frame : whole) text += frame.text.size();
  CHECK(text + 8 * whole.size() == bytes.size());
  for (const auto size : std::initializer_list<std::size_t>{1, 2, 7, 8, 9, 4096}) {
    const auto cut = frames_of(bytes, size);
    REQUIRE(cut.size() == whole.size());
    for (std::size_t i = 0; i < cut.size(); ++i) CHECK(cut[i].text == whole[i].text);
  }
}

TEST_CASE("standard output and standard error have their own source") {
  const auto frames = frames_of(recorded("logs-web.raw"), 100);
  bool out = false;
  bool error = false;
  for (const auto& frame : frames) {
    out = out || frame.source == Source::out;
    error = error || frame.source == Source::error;
  }
  CHECK(out);
  CHECK(error);
}

TEST_CASE("an empty frame is a frame") {
  const auto frames = frames_of(std::string_view("\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\1x", 17), 3);
  REQUIRE(frames.size() == 2);
  CHECK(frames[0].text.empty());
  CHECK(frames[1].text == "x");
}

TEST_CASE("every piece of a terminal's output is one frame") {
  LogDemultiplexer demultiplexer(LogDemultiplexer::Format::raw);
  CHECK_FALSE(value_of(demultiplexer.next()));
  demultiplexer.feed("$ ls\r\n");
  const auto frame = value_of(demultiplexer.next());
  REQUIRE(frame);
  CHECK(frame->source == Source::terminal);
  CHECK(frame->text == "$ ls\r\n");
}

TEST_CASE("a wrong header or a frame that is too long is a bad reply") {
  for (const auto* bytes : {"HTTP/1.1", "\1\0\0\0\xff\0\0\0"}) {
    LogDemultiplexer demultiplexer(LogDemultiplexer::Format::multiplexed);
    demultiplexer.feed({bytes, 8});
    CHECK(error_of(demultiplexer.next()).code == Errc::bad_reply);
  }
}

TEST_CASE("a frame has at most a megabyte") {
  LogDemultiplexer longest(LogDemultiplexer::Format::multiplexed);
  longest.feed({"\1\0\0\0\0\x10\0\0", 8});
  CHECK_FALSE(value_of(longest.next()));
  LogDemultiplexer too_long(LogDemultiplexer::Format::multiplexed);
  too_long.feed({"\1\0\0\0\0\x10\0\1", 8});
  CHECK(error_of(too_long.next()).code == Errc::bad_reply);
}

TEST_CASE("a stream that ends within a frame is not drained") {
  LogDemultiplexer demultiplexer(LogDemultiplexer::Format::multiplexed);
  demultiplexer.feed({"\1\0\0\0\0\0\0\5ab", 10});
  CHECK_FALSE(value_of(demultiplexer.next()));
  CHECK_FALSE(demultiplexer.drained());
}
