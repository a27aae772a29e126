#include "tidegauge/docker/line_splitter.h"

#include <algorithm>

namespace tidegauge::docker {

void LineSplitter::feed(std::string_view bytes) {
  if (skipping_) {
    bytes.remove_prefix(std::min(bytes.find('\n'), bytes.size()));
    skipping_ = bytes.empty();
    if (skipping_) return;
    bytes.remove_prefix(1);
  }
  buffer_.erase(0, from_);
  searched_ -= from_;
  from_ = 0;
  buffer_ += bytes;
}

Result<std::optional<std::string_view>> LineSplitter::next() {
  const auto end = buffer_.find('\n', searched_);
  const auto length = std::min(end, buffer_.size()) - from_;
  if (end == std::string::npos && length <= longest_) {
    searched_ = buffer_.size();
    return std::nullopt;
  }
  skipping_ = end == std::string::npos;
  const auto line = std::string_view(buffer_).substr(from_, length);
  from_ = searched_ = skipping_ ? buffer_.size() : end + 1;
  if (length <= longest_) return line;
  return fail(Errc::bad_reply, "a line of more than " + std::to_string(longest_) + " bytes");
}

}  // namespace tidegauge::docker
