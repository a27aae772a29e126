#include "cgroup/process_counter.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "cgroup/parsers.h"
#include "cgroup/text.h"
#include "tidegauge/cgroup/file_reader.h"

namespace tidegauge::cgroup {

namespace fs = std::filesystem;
using model::TaskStats;

namespace {

/// What a process or a cgroup leaves behind when it ends; also a threaded cgroup, whose processes
/// are listed further up.
bool is_absence(int error) noexcept {
  return error == ENOENT || error == ESRCH || error == ENODEV || error == EOPNOTSUPP;
}

class Counter {
 public:
  Counter(const std::string& procfs, std::string& refused) : procfs_(procfs), refused_(refused) {}

  /// A container may have child cgroups, for example if it runs systemd.
  void count_below(const std::string& directory) {
    const auto text = read_processes(directory);
    if (!text) return;
    any_cgroup_ = true;
    std::string_view rest = *text;
    while (const auto pid = take_line(rest)) count_process((procfs_ + "/").append(*pid));
    for_each_entry(directory, complete_, [this](const std::string& entry) {
      std::error_code gone;
      if (fs::is_directory(entry, gone)) count_below(entry);
    });
  }

  [[nodiscard]] std::optional<TaskStats> result() const {
    if (!complete_ || !any_cgroup_) return std::nullopt;
    auto stats = stats_;
    if (descriptors_complete_) stats.descriptors = descriptors_;
    if (descriptors_complete_ && sockets_complete_) stats.sockets = sockets_;
    return stats;
  }

 private:
  void count_process(const std::string& process) {
    ++stats_.processes;
    for_each_entry(process + "/task", complete_, [this](const std::string& task) {
      ++stats_.threads;
      const auto text = read_to_end(task + "/stat");
      if (!text) note(task + "/stat", text.error(), complete_);
      const auto state = parse_task_state(text.value_or(""));
      if (state) ++stats_.tasks[static_cast<std::size_t>(*state)];
    });
    for_each_entry(process + "/fd", descriptors_complete_, [this](const std::string& descriptor) {
      ++descriptors_;
      if (is_socket(descriptor)) ++sockets_;
    });
    if (stats_.descriptors_limit) return;
    stats_.descriptors_limit =
        parse_descriptors_limit(read_to_end(process + "/limits").value_or(""));
  }

  /// Calls `use` with the path of each entry until the last one or an error.
  template <class Use>
  void for_each_entry(const std::string& directory, bool& complete, const Use& use) {
    std::error_code error;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
      use(entry->path().string());
    }
    if (error) note(directory, error.value(), complete);
  }

  /// With only CAP_DAC_READ_SEARCH a program may list the entries but not read their targets.
  bool is_socket(const std::string& descriptor) {
    constexpr std::string_view socket = "socket:";
    std::array<char, socket.size()> target{};
    const auto length = ::readlink(descriptor.c_str(), target.data(), target.size());
    if (length < 0) note(descriptor, errno, sockets_complete_);
    return length == static_cast<ssize_t>(socket.size()) &&
           std::string_view(target.data(), target.size()) == socket;
  }

  std::optional<std::string> read_processes(const std::string& directory) {
    const auto path = directory + "/cgroup.procs";
    auto text = read_to_end(path);
    if (!text) note(path, text.error(), complete_);
    return text ? std::optional(*std::move(text)) : std::nullopt;
  }

  void note(const std::string& path, int error, bool& complete) {
    if (is_absence(error)) return;
    complete = false;
    if (refused_.empty()) refused_ = path + ": " + std::generic_category().message(error);
  }

  const std::string& procfs_;
  std::string& refused_;
  TaskStats stats_;
  std::uint64_t descriptors_ = 0;
  std::uint64_t sockets_ = 0;
  bool any_cgroup_ = false;
  bool complete_ = true;
  bool descriptors_complete_ = true;
  bool sockets_complete_ = true;
};

}  // namespace

std::optional<TaskStats> count_processes(const std::string& directory, const std::string& procfs,
                                         std::string& refused) {
  Counter counter(procfs, refused);
  counter.count_below(directory);
  return counter.result();
}

}  // namespace tidegauge::cgroup
