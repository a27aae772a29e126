#include "support/stopped_thread.h"

#include <sys/ptrace.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "support/temporary_directory.h"
#include "support/wait_until.h"

namespace tidegauge::test {
namespace {

pid_t thread_named(pid_t process, std::string_view name) {
  const auto directory = "/proc/" + std::to_string(process) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(directory)) {
    if (read_file(task.path().string() + "/comm") == std::string(name) + "\n") {
      return std::stoi(task.path().filename().string());
    }
  }
  throw std::runtime_error("no thread " + std::string(name) + " in " + directory);
}

}  // namespace

StoppedThread::StoppedThread(pid_t process, std::string_view thread)
    : id_(thread_named(process, thread)) {
  if (::ptrace(PTRACE_SEIZE, id_, nullptr, nullptr) != 0 ||
      ::ptrace(PTRACE_INTERRUPT, id_, nullptr, nullptr) != 0 ||
      ::waitpid(id_, nullptr, __WALL) != id_) {
    throw std::system_error(errno, std::generic_category(), "ptrace");
  }
}

StoppedThread::~StoppedThread() {
  if (id_ >= 0) ::ptrace(PTRACE_DETACH, id_, nullptr, nullptr);
}

void StoppedThread::wait_for_end() {
  wait_until("the stopped thread has ended", std::chrono::seconds(20), [&] {
    int status = 0;
    return ::waitpid(id_, &status, __WALL | WNOHANG) == id_ &&
           (WIFEXITED(status) || WIFSIGNALED(status));
  });
  id_ = -1;
}

}  // namespace tidegauge::test
