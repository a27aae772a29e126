#pragma once

// A piece of a container's output, as the Engine sends it: a line, or a part of a long one.

#include <cstdint>
#include <string>

namespace tidegauge::model {

struct LogFrame {
  enum class Source : std::uint8_t { out, error, terminal };

  Source source = Source::out;  ///< terminal: both, of a container with a TTY
  std::string text;             ///< bytes as the container wrote them
};

}  // namespace tidegauge::model
