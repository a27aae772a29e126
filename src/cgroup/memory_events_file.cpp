#include "cgroup/memory_events_file.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "cgroup/parsers.h"

namespace tidegauge::cgroup {
namespace {

/// Zeros for the counts that this kernel has.
model::MemoryEvents zeros_of(const model::MemoryEvents& events) noexcept {
  const auto zero = [](const std::optional<std::uint64_t>& count) {
    return count ? std::optional<std::uint64_t>(0) : std::nullopt;
  };
  return {.low = zero(events.low),
          .high = zero(events.high),
          .max = zero(events.max),
          .oom = zero(events.oom),
          .oom_kill = zero(events.oom_kill)};
}

}  // namespace

std::expected<MemoryEventsFile, int> MemoryEventsFile::open(int cgroup, const char* name,
                                                            Beginning beginning, FileReader& reader,
                                                            SteadyTime now) {
  UniqueFd file(::openat(cgroup, name, O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return std::unexpected(errno);
  const auto text = reader.read(file.get());
  if (!text) return std::unexpected(text.error());
  const auto events = parse_memory_events(*text);
  const auto first = beginning == Beginning::zero ? zeros_of(events) : events;
  MemoryEventsFile opened(std::move(file), {.at = now, .events = first});
  opened.looks_[0].events = events;
  return opened;
}

std::expected<bool, int> MemoryEventsFile::look(FileReader& reader, SteadyTime now) {
  const auto text = reader.read(file_.get());
  if (!text) return std::unexpected(text.error());
  const Look look{.at = now, .events = parse_memory_events(*text)};
  const bool changed = look.events != looks_[0].events;
  if (now - looks_[0].at >= pace)
    std::ranges::copy_backward(looks_.begin(), looks_.end() - 1, looks_.end());
  looks_[0] = look;
  return changed;
}

const model::MemoryEvents& MemoryEventsFile::before() const noexcept {
  const bool is_old = looks_[0].at - looks_[1].at >= recent;
  return looks_[is_old ? 1 : 2].events;
}

}  // namespace tidegauge::cgroup
