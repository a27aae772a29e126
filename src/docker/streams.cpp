#include "tidegauge/docker/streams.h"

#include <array>

#include "docker/replies.h"

namespace tidegauge::docker {
namespace {

constexpr std::size_t longest_line = std::size_t{1} << 20U;
constexpr std::size_t piece_size = std::size_t{16} * 1024;

}  // namespace

EventStream::EventStream(pool::PooledStream stream)
    : stream_(std::move(stream)), lines_(longest_line) {}

Result<std::optional<model::Event>> EventStream::next(SteadyTime deadline,
                                                      const std::stop_token& stop) {
  while (true) {
    const auto line = lines_.next();
    if (!line) return fail(line.error().within("events"));
    if (!*line) {
      std::array<char, piece_size> piece{};
      const auto size = stream_.read(piece, deadline, stop);
      if (!size) return fail(size.error());
      if (*size == 0) return std::nullopt;
      lines_.feed({piece.data(), *size});
    } else if (!(*line)->empty() && **line != "\r") {
      auto event = parse_event(**line);
      if (!event) return fail(event.error().within("events"));
      return std::move(*event);
    }
  }
}

Result<std::optional<model::LogFrame>> LogStream::next(SteadyTime deadline,
                                                       const std::stop_token& stop) {
  while (true) {
    auto frame = frames_.next();
    if (!frame) {
      close();
      return fail(frame.error().within("logs"));
    }
    if (*frame) return frame;
    std::array<char, piece_size> piece{};
    const auto size = stream_.read(piece, deadline, stop);
    if (!size) return fail(size.error());
    if (*size == 0) {
      if (frames_.drained()) return std::nullopt;
      return fail(Errc::bad_reply, "logs: the stream ended within a frame");
    }
    frames_.feed({piece.data(), *size});
  }
}

}  // namespace tidegauge::docker
