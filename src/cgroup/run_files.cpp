#include "cgroup/run_files.h"

#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "cgroup/parsers.h"

namespace tidegauge::cgroup {

std::expected<RunFiles, int> RunFiles::open(const std::string& directory, Beginning beginning,
                                            FileReader& reader, SteadyTime now) {
  UniqueFd cgroup(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!cgroup.valid()) return std::unexpected(errno);
  UniqueFd events(::openat(cgroup.get(), "cgroup.events", O_RDONLY | O_CLOEXEC));
  if (!events.valid()) return std::unexpected(errno);
  RunFiles files(std::move(cgroup), std::move(events));
  files.cpu_ = files.open_file("cpu.stat");
  files.find_memory_events(beginning, reader, now);
  return files;
}

void RunFiles::find_memory_events(Beginning beginning, FileReader& reader, SteadyTime now) {
  if (memory_) return;
  if (auto file =
          MemoryEventsFile::open(directory_.get(), "memory.events", beginning, reader, now)) {
    memory_ = *std::move(file);
    memory_peak_ = open_file("memory.peak");
  }
}

std::expected<bool, int> RunFiles::is_populated(FileReader& reader) const {
  const auto text = reader.read(events_.get());
  if (!text) return std::unexpected(text.error());
  const auto populated = parse_count_of(*text, "populated");
  if (!populated) return std::unexpected(EBADMSG);
  return *populated != 0;
}

/// In the order of what matters most, if the cgroup is removed meanwhile.
RunReading RunFiles::read(FileReader& reader, Moment now) {
  RunReading reading{.at = now};
  if (const auto text = reader.read(cpu_.get())) {
    if (const auto cpu = parse_cpu_stat_v2(*text)) reading.cpu_seconds = cpu->usage_seconds;
  }
  if (!memory_) return reading;
  if (memory_->look(reader, now.steady)) reading.memory_events = memory_->latest();
  if (const auto text = reader.read(memory_peak_.get())) {
    reading.memory_peak_bytes = parse_count(*text);
  }
  const auto current = open_file("memory.current");
  if (const auto text = reader.read(current.get())) reading.memory_bytes = parse_count(*text);
  return reading;
}

UniqueFd RunFiles::open_file(const char* name) const {
  return UniqueFd(::openat(directory_.get(), name, O_RDONLY | O_CLOEXEC));
}

}  // namespace tidegauge::cgroup
