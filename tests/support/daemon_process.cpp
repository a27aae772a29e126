#include "support/daemon_process.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "support/wait_until.h"
#include "tidegauge/util/unique_fd.h"

namespace tidegauge::test {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// Long enough for a build with sanitizers on a busy machine.
constexpr auto start_limit = 30s;
constexpr auto cycle_limit = 120s;

UniqueFd open_file(const std::string& path, int flags) {
  UniqueFd file(::open(path.c_str(), flags | O_CLOEXEC, 0644));
  if (!file.valid()) throw std::system_error(errno, std::generic_category(), path);
  return file;
}

/// Everything that the new process needs is made before it is forked.
struct Launch {
  Launch(const DaemonOptions& options, std::string_view action, const std::string& output,
         const std::string& log)
      : user(options.user),
        program(open_file(TIDEGAUGE_PROGRAM, O_PATH)),
        standard_output(open_file(output, O_WRONLY | O_CREAT)),
        standard_error(open_file(log, O_WRONLY | O_CREAT | O_APPEND)),
        arguments{"tidegauge", "--config=" + options.config, "--web.listen_address=127.0.0.1:0"} {
    std::ranges::copy(options.arguments, std::back_inserter(arguments));
    if (!action.empty()) arguments.emplace_back(action);
    for (char** variable = environ; *variable != nullptr; ++variable) {
      const std::string_view text = *variable;
      if (!text.starts_with("TIDEGAUGE_") && !text.starts_with("DOCKER_HOST=")) {
        environment.emplace_back(text);
      }
    }
  }

  std::optional<uid_t> user;
  UniqueFd program;
  UniqueFd standard_output;
  UniqueFd standard_error;
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (auto& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

bool become_user(uid_t user) {
  return ::setgroups(0, nullptr) == 0 && ::setgid(user) == 0 && ::setuid(user) == 0;
}

/// By its descriptor: another user may not reach the program by its path.
pid_t start(Launch launch) {
  const auto arguments = pointers(launch.arguments);
  const auto environment = pointers(launch.environment);
  const auto child = ::fork();
  if (child != 0) return child;
  ::dup2(launch.standard_output.get(), STDOUT_FILENO);
  ::dup2(launch.standard_error.get(), STDERR_FILENO);
  if (!launch.user || become_user(*launch.user)) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::fexecve(launch.program.get(), arguments.data(), environment.data());
  }
  std::perror("cannot start tidegauge");
  std::_Exit(127);
}

int exit_status(int status) {
  if (WIFSIGNALED(status)) {
    throw std::runtime_error("tidegauge was ended by signal " + std::to_string(WTERMSIG(status)));
  }
  return WEXITSTATUS(status);
}

}  // namespace

DaemonProcess::DaemonProcess(const DaemonOptions& options)
    : pid_(start(Launch(options, "", "/dev/null", directory_.file("log")))) {
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  wait_for_port();
}

DaemonProcess::~DaemonProcess() {
  if (has_ended()) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void DaemonProcess::wait_for_port() {
  constexpr std::string_view started = "\"tidegauge has started\"";
  constexpr std::string_view field = " port=";
  try {
    wait_until("tidegauge listens", start_limit, [&] {
      if (has_ended()) throw std::runtime_error("tidegauge has ended at once");
      const auto text = log();
      const auto line = text.find(started);
      const auto port = text.find(field, line);
      if (line == std::string::npos || text.find('\n', line) == std::string::npos) return false;
      port_ = static_cast<std::uint16_t>(std::stoul(text.substr(port + field.size())));
      return true;
    });
  } catch (const std::exception& error) {
    if (!has_ended()) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    throw std::runtime_error(std::string(error.what()) + "; its log:\n" + log());
  }
}

RawClient::Reply DaemonProcess::get(std::string_view path) const {
  return RawClient(port_).get(path);
}

std::string DaemonProcess::page_text() const {
  auto reply = get("/metrics");
  if (reply.status != 200) throw std::runtime_error("/metrics: " + reply.head);
  return std::move(reply.body);
}

std::string DaemonProcess::log() const {
  return read_file(directory_.path() / "log");
}

std::vector<std::string> DaemonProcess::descriptors() const {
  std::vector<std::string> targets;
  for (const auto& descriptor : fs::directory_iterator("/proc/" + std::to_string(pid_) + "/fd")) {
    std::error_code closed;
    auto target = fs::read_symlink(descriptor.path(), closed).string();
    if (!closed) targets.push_back(std::move(target));
  }
  return targets;
}

int DaemonProcess::terminate(std::chrono::milliseconds limit) {
  ::kill(pid_, SIGTERM);
  wait_until("tidegauge has ended", limit, [&] { return has_ended(); });
  return exit_status(*status_);
}

bool DaemonProcess::has_ended() {
  int status = 0;
  if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
  return status_.has_value();
}

OneCycle run_once(const DaemonOptions& options) {
  const TemporaryDirectory directory;
  const auto page = directory.file("page");
  const auto log = directory.file("log");
  const auto pid = start(Launch(options, "--once", page, log));
  int status = 0;
  try {
    wait_until("tidegauge --once has ended", cycle_limit,
               [&] { return ::waitpid(pid, &status, WNOHANG) == pid; });
  } catch (const std::exception&) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    throw;
  }
  return {.status = exit_status(status), .page = read_file(page), .log = read_file(log)};
}

std::string page_of_one_cycle(const std::string& engine_address,
                              std::vector<std::string> more_arguments) {
  more_arguments.push_back("--pool.socket_path=" + engine_address);
  auto cycle = run_once({.arguments = std::move(more_arguments)});
  if (cycle.status != 0) throw std::runtime_error("tidegauge --once fails:\n" + cycle.log);
  return std::move(cycle.page);
}

}  // namespace tidegauge::test
