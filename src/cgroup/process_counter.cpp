#include "tidegauge/cgroup/process_counter.h"

#include <unistd.h>

#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "cgroup/text.h"
#include "tidegauge/cgroup/file_reader.h"
#include "tidegauge/cgroup/parsers.h"

namespace tidegauge::cgroup {

namespace fs = std::filesystem;
using model::TaskStats;

namespace {

/// Calls `use` with the path of each entry; stops where there is no next one to be had.
template <class Use>
void for_each_entry(const std::string& directory, const Use& use) {
  std::error_code gone;
  for (fs::directory_iterator entry(directory, gone), end; !gone && entry != end;
       entry.increment(gone)) {
    use(entry->path().string());
  }
}

bool is_socket(const std::string& descriptor) {
  constexpr std::string_view socket = "socket:";
  std::array<char, socket.size()> target{};
  const auto length = ::readlink(descriptor.c_str(), target.data(), target.size());
  return length == static_cast<ssize_t>(socket.size()) &&
         std::string_view(target.data(), target.size()) == socket;
}

void count_process(const std::string& process, TaskStats& stats) {
  ++stats.processes;
  for_each_entry(process + "/task", [&](const std::string& task) {
    ++stats.threads;
    const auto state = parse_task_state(read_to_end(task + "/stat").value_or(""));
    if (state) ++stats.tasks[static_cast<std::size_t>(*state)];
  });
  for_each_entry(process + "/fd", [&](const std::string& descriptor) {
    ++stats.descriptors;
    if (is_socket(descriptor)) ++stats.sockets;
  });
}

/// A container may have cgroups of its own, as one with systemd in it has.
void count_below(const std::string& directory, const std::string& procfs, TaskStats& stats) {
  const auto text = read_to_end(directory + "/cgroup.procs").value_or("");
  std::string_view rest = text;
  while (const auto pid = take_line(rest)) {
    const auto process = (procfs + "/").append(*pid);
    count_process(process, stats);
    if (!stats.descriptors_limit) {
      stats.descriptors_limit =
          parse_descriptors_limit(read_to_end(process + "/limits").value_or(""));
    }
  }
  for_each_entry(directory, [&](const std::string& entry) {
    std::error_code gone;
    if (fs::is_directory(entry, gone)) count_below(entry, procfs, stats);
  });
}

}  // namespace

TaskStats count_processes(const std::string& directory, const std::string& procfs) {
  TaskStats stats;
  count_below(directory, procfs, stats);
  return stats;
}

}  // namespace tidegauge::cgroup
