#include "support/child_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

#include "support/wait_until.h"
#include "tidegauge/util/unique_fd.h"

namespace tidegauge::test {
namespace {

/// For exec: pointers into `texts`, and the null that ends them.
std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

int open_for_writing(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), path);
  return fd;
}

}  // namespace

std::vector<std::string> command_in_path(std::vector<std::string> command) {
  command.insert(command.begin(), "/usr/bin/env");
  return command;
}

std::vector<std::string> path_variable() {
  const auto* const path = std::getenv("PATH");
  return {"PATH=" + std::string(path == nullptr ? "/usr/bin:/bin" : path)};
}

ChildProcess::ChildProcess(std::vector<std::string> command, std::vector<std::string> environment) {
  const auto arguments = pointers_to(command);
  const auto variables = pointers_to(environment);
  const UniqueFd output(open_for_writing(directory_.file("output")));
  const UniqueFd errors(open_for_writing(directory_.file("errors")));
  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ > 0) return;
  // Between fork and exec only what is safe in a signal handler.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(output.get(), STDOUT_FILENO);
  ::dup2(errors.get(), STDERR_FILENO);
  ::execve(arguments[0], arguments.data(), variables.data());
  ::_exit(127);
}

ChildProcess::~ChildProcess() {
  if (has_ended()) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, &status_, 0);
}

void ChildProcess::wait_for_errors(std::string_view part) {
  wait_until("the program writes \"" + std::string(part) + "\"", std::chrono::seconds(20), [&] {
    const bool ended = has_ended();
    if (errors().contains(part)) return true;
    if (ended) throw std::runtime_error("the program has ended: " + errors());
    return false;
  });
}

void ChildProcess::signal(int number) const {
  ::kill(pid_, number);
}

int ChildProcess::wait(std::chrono::milliseconds limit) {
  wait_until("the program ends", limit, [&] { return has_ended(); });
  return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
}

bool ChildProcess::has_ended() {
  ended_ = ended_ || ::waitpid(pid_, &status_, WNOHANG) == pid_;
  return ended_;
}

}  // namespace tidegauge::test
