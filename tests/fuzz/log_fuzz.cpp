// Log streams, whole and cut into pieces.

#include <algorithm>
#include <random>

#include "fuzz/oracle.h"
#include "tidegauge/docker/log_demultiplexer.h"

using namespace tidegauge;
using docker::LogDemultiplexer;

namespace {

struct Outcome {
  std::vector<std::pair<model::LogFrame::Source, std::string>> frames;
  std::string error;
  bool drained = false;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

template <class NextSize>
Outcome demultiplexed(std::string_view bytes, LogDemultiplexer::Format format,
                      const NextSize& next_size) {
  LogDemultiplexer demultiplexer(format);
  Outcome outcome;
  while (!bytes.empty() && outcome.error.empty()) {
    const auto size = std::min(next_size(), bytes.size());
    demultiplexer.feed(bytes.substr(0, size));
    bytes.remove_prefix(size);
    while (true) {
      auto frame = demultiplexer.next();
      if (!frame) outcome.error = frame.error().message;
      if (!frame || !*frame) break;
      outcome.frames.emplace_back((*frame)->source, std::move((*frame)->text));
    }
  }
  outcome.drained = outcome.error.empty() && demultiplexer.drained();
  return outcome;
}

std::string all_text(const Outcome& outcome) {
  std::string text;
  for (const auto& frame : outcome.frames) text += frame.second;
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t header = 8;
  const auto bytes = fuzz::text_of(data, size);
  std::minstd_rand random(static_cast<unsigned>(std::hash<std::string_view>{}(bytes)));
  const auto all = [size] { return size; };
  const auto random_size = [&random] { return random() % 23 + 1; };

  const auto whole = demultiplexed(bytes, LogDemultiplexer::Format::multiplexed, all);
  if (demultiplexed(bytes, LogDemultiplexer::Format::multiplexed, random_size) != whole) {
    fuzz::finding("pieces made a difference");
  }
  const auto taken = all_text(whole).size() + header * whole.frames.size();
  if (taken > size || (size > 0 && whole.drained != (taken == size))) {
    fuzz::finding("bytes were lost or made up");
  }
  if (all_text(demultiplexed(bytes, LogDemultiplexer::Format::raw, random_size)) != bytes) {
    fuzz::finding("bytes of a terminal were lost or made up");
  }
  return 0;
}
