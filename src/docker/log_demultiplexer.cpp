#include "tidegauge/docker/log_demultiplexer.h"

#include <cstdint>

namespace tidegauge::docker {
namespace {

constexpr std::size_t header_size = 8;
constexpr std::uint32_t longest_frame = 1U << 20U;  // the Engine cuts lines at 16 KiB

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char byte : bytes) value = (value << 8U) | static_cast<unsigned char>(byte);
  return value;
}

}  // namespace

void LogDemultiplexer::feed(std::string_view bytes) {
  buffer_.erase(0, from_);
  from_ = 0;
  buffer_ += bytes;
}

Result<std::optional<model::LogFrame>> LogDemultiplexer::next() {
  using Source = model::LogFrame::Source;
  const auto pending = std::string_view(buffer_).substr(from_);
  if (format_ == Format::raw) {
    from_ = buffer_.size();
    if (pending.empty()) return std::nullopt;
    return model::LogFrame{.source = Source::terminal, .text = std::string(pending)};
  }
  if (pending.size() < header_size) return std::nullopt;
  const auto length = big_endian(pending.substr(4, 4));
  const bool is_header = (pending[0] == 0 || pending[0] == 1 || pending[0] == 2) &&
                         pending.substr(1, 3) == std::string_view("\0\0\0", 3);
  if (!is_header || length > longest_frame) {
    from_ = buffer_.size();  // the place of the next header is unknown
    return fail(Errc::bad_reply, "not the header of a log frame");
  }
  if (pending.size() < header_size + length) return std::nullopt;
  from_ += header_size + length;
  return model::LogFrame{.source = pending[0] == 2 ? Source::error : Source::out,
                         .text = std::string(pending.substr(header_size, length))};
}

}  // namespace tidegauge::docker
