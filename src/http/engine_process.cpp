#include "http/engine_process.h"

#include <sys/stat.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>

namespace tidegauge::http {
namespace {

constexpr ino_t first_pid_namespace = 0xEFFFFFFC;  // PROC_PID_INIT_INO of the kernel

Error waits(const std::string& why) {
  return {Errc::unreachable, "waits for the Engine's process: " + why};
}

}  // namespace

PidNamespace own_pid_namespace() {
  struct stat status{};
  const bool is_first =
      ::stat("/proc/self/ns/pid", &status) == 0 && status.st_ino == first_pid_namespace;
  return is_first ? PidNamespace::first : PidNamespace::other;
}

std::optional<Error> missing_engine_process(const std::string& pid_file, PidNamespace seen_from) {
  std::ifstream file(pid_file);
  if (!file) return waits(pid_file + ": " + std::strerror(errno));
  pid_t pid = 0;
  if (!(file >> pid) || pid <= 0) return waits(pid_file + " names no process");
  if (seen_from == PidNamespace::other) return std::nullopt;
  if (::kill(pid, 0) == 0 || errno != ESRCH) return std::nullopt;
  return waits("process " + std::to_string(pid) + " of " + pid_file + " has ended");
}

}  // namespace tidegauge::http
