#include "cgroup/own_container.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

namespace tidegauge::cgroup {
namespace {

namespace fs = std::filesystem;

/// The kernel gives the first namespace of process ids this number (PROC_PID_INIT_INO).
constexpr std::string_view machines_pid_namespace = "pid:[4026531836]";

/// Whether `procfs` is of a namespace around that of this process. The kernel then tells the
/// process's id in each of the two: "NSpid:	4711	1".
bool is_of_outer_namespace(const std::string& procfs) {
  std::ifstream status(procfs + "/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("NSpid:")) return std::ranges::count(line, '\t') > 1;
  }
  return false;
}

}  // namespace

bool runs_in_container(const std::string& procfs) {
  const auto own_root = procfs + "/self/root";
  std::error_code unknown;
  return fs::exists(own_root + "/.dockerenv", unknown) ||
         fs::exists(own_root + "/run/.containerenv", unknown);
}

bool has_machines_first_process(const std::string& procfs) {
  if (!runs_in_container(procfs)) return true;
  std::error_code unknown;
  return fs::read_symlink(procfs + "/self/ns/pid", unknown) == machines_pid_namespace ||
         is_of_outer_namespace(procfs);
}

}  // namespace tidegauge::cgroup
