#include "support/kernel_files.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "support/temporary_directory.h"

namespace tidegauge::test {

namespace fs = std::filesystem;

namespace {

const fs::path cgroup_root = "/sys/fs/cgroup";

/// The file of a cgroup, in whichever hierarchy has it; empty where none does.
fs::path cgroup_file(const std::string& cgroup, const std::string& name) {
  std::vector<fs::path> hierarchies{cgroup_root};
  for (const auto& entry : fs::directory_iterator(cgroup_root)) {
    if (entry.is_directory()) hierarchies.push_back(entry.path());
  }
  for (const auto& hierarchy : hierarchies) {
    if (auto path = hierarchy.string() + cgroup + "/" + name; fs::exists(path)) return path;
  }
  return {};
}

std::uint64_t only_number(const fs::path& path) {
  return std::stoull(read_file(path));
}

/// Nothing of "max".
std::optional<std::uint64_t> limit(const fs::path& path) {
  if (read_file(path) == "max\n") return std::nullopt;
  return only_number(path);
}

/// The number behind `key`, in a file of lines like "key number".
std::uint64_t number_of(const fs::path& path, const std::string& key) {
  std::istringstream file(read_file(path));
  std::string name;
  std::uint64_t value = 0;
  while (file >> name >> value) {
    if (name == key) return value;
  }
  throw std::runtime_error("no " + key + " in " + path.string());
}

KernelNumbers read_version_1(const std::string& cgroup, const fs::path& cpu) {
  return {
      .cpu_seconds = static_cast<double>(only_number(cpu)) * 1e-9,
      .memory_usage_bytes = only_number(cgroup_file(cgroup, "memory.usage_in_bytes")),
      .inactive_file_bytes = number_of(cgroup_file(cgroup, "memory.stat"), "total_inactive_file"),
      .processes = only_number(cgroup_file(cgroup, "pids.current"))};
}

KernelNumbers read_version_2(const std::string& cgroup) {
  return {.cpu_seconds =
              static_cast<double>(number_of(cgroup_file(cgroup, "cpu.stat"), "usage_usec")) * 1e-6,
          .memory_usage_bytes = only_number(cgroup_file(cgroup, "memory.current")),
          .inactive_file_bytes = number_of(cgroup_file(cgroup, "memory.stat"), "inactive_file"),
          .processes = only_number(cgroup_file(cgroup, "pids.current")),
          .processes_limit = limit(cgroup_file(cgroup, "pids.max"))};
}

}  // namespace

KernelNumbers read_kernel_numbers(const std::string& cgroup) {
  const auto cpu = cgroup_file(cgroup, "cpuacct.usage");
  return cpu.empty() ? read_version_2(cgroup) : read_version_1(cgroup, cpu);
}

InterfaceBytes read_interface_bytes(pid_t pid, const std::string& interface) {
  std::istringstream file(read_file("/proc/" + std::to_string(pid) + "/net/dev"));
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(':');
    const auto begin = line.find_first_not_of(' ');
    if (colon == std::string::npos || line.substr(begin, colon - begin) != interface) continue;
    std::istringstream fields(line.substr(colon + 1));
    InterfaceBytes bytes;
    std::uint64_t other = 0;
    fields >> bytes.received;
    for (int skipped = 0; skipped < 7; ++skipped) fields >> other;
    if (fields >> bytes.sent) return bytes;
  }
  throw std::runtime_error("no " + interface + " of process " + std::to_string(pid));
}

}  // namespace tidegauge::test
