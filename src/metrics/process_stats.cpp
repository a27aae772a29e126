#include "metrics/process_stats.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>
#include <string>

namespace tidegauge::metrics {
namespace {

/// The time at which the machine started, from the line `btime` of /proc/stat.
std::optional<double> boot_time_seconds() {
  std::ifstream stat("/proc/stat");
  std::string word;
  while (stat >> word) {
    if (word == "btime") {
      double seconds = 0;
      return stat >> seconds ? std::optional(seconds) : std::nullopt;
    }
    stat.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return std::nullopt;
}

/// The fields of /proc/self/stat from the third on. The second, the name of the program, may
/// contain spaces and parentheses.
std::istringstream fields_after_name() {
  std::ifstream stat("/proc/self/stat");
  const std::string line(std::istreambuf_iterator<char>(stat), {});
  const auto name_end = line.rfind(')');
  return std::istringstream(name_end == std::string::npos ? "" : line.substr(name_end + 1));
}

/// The size of the descriptor table: no descriptor is higher.
std::optional<int> size_of_fd_table() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    int size = 0;
    if (word == "FDSize:" && status >> size) return size;
  }
  return std::nullopt;
}

/// Does not list /proc/self/fd: with thousands of descriptors that costs half as much as a page.
std::optional<std::uint64_t> count_open_fds() {
  struct stat directory{};
  if (::stat("/proc/self/fd", &directory) == 0 && directory.st_size > 0) {
    return static_cast<std::uint64_t>(directory.st_size);  // since Linux 6.2
  }
  const auto size = size_of_fd_table();
  if (!size) return std::nullopt;
  std::uint64_t count = 0;
  for (int fd = 0; fd < *size; ++fd) count += ::fcntl(fd, F_GETFD) >= 0 ? 1U : 0U;
  return count;
}

std::uint64_t max_open_fds() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

}  // namespace

std::optional<ProcessStats> read_process_stats() {
  auto fields = fields_after_name();
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  ProcessStats stats;
  double user_ticks = 0;
  double system_ticks = 0;
  double start_ticks = 0;
  std::uint64_t resident_pages = 0;
  fields >> user_ticks >> system_ticks >> skipped >> skipped >> skipped >> skipped >>
      stats.threads >> skipped >> start_ticks >> stats.virtual_bytes >> resident_pages;
  const auto boot = boot_time_seconds();
  if (!fields || !boot) return std::nullopt;

  const auto ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  stats.cpu_seconds = (user_ticks + system_ticks) / ticks_per_second;
  stats.start_time_seconds = *boot + start_ticks / ticks_per_second;
  stats.resident_bytes = resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  stats.open_fds = count_open_fds();
  stats.max_fds = max_open_fds();
  return stats;
}

}  // namespace tidegauge::metrics
