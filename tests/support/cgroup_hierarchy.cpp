#include "support/cgroup_hierarchy.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "tidegauge/util/unique_fd.h"

namespace tidegauge::test {

namespace fs = std::filesystem;

namespace {

double own_cpu_seconds() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

/// Calls only what a child of a program with threads may call.
[[noreturn]] void be_process(int processes, int ready, int start) {
  if (::write(processes, "0", 1) != 1) ::_exit(1);
  if (::write(ready, "!", 1) != 1) ::_exit(1);
  char byte = 0;
  if (::read(start, &byte, 1) != 1) ::_exit(1);
  while (own_cpu_seconds() < CgroupProcess::cpu_seconds) {
  }
  ::_exit(0);
}

std::runtime_error failure(const std::string& what) {
  return std::runtime_error(what + ": " + std::generic_category().message(errno));
}

std::string name_of_test() {
  return "/tidegauge-test-" + std::to_string(::getpid());
}

}  // namespace

std::optional<std::string> CgroupHierarchy::why_refused() {
  try {
    const CgroupHierarchy hierarchy;
    return std::nullopt;
  } catch (const std::exception& refused) {
    return refused.what();
  }
}

CgroupHierarchy::CgroupHierarchy() : own_(name_of_test()) {
  const auto root = cgroup::Locator(paths_).unified_root();
  if (root && ::access(root->c_str(), W_OK) == 0) {
    root_ = *root;
  } else {
    mounted_ = std::make_unique<TemporaryDirectory>();
    paths_.sysfs = mounted_->path();
    root_ = mounted_->file("cgroup");
    fs::create_directory(root_);
    if (::mount("none", root_.c_str(), "cgroup2", 0, nullptr) != 0) throw failure("mount cgroup2");
  }
  fs::create_directory(root_ + own_);
}

CgroupHierarchy::~CgroupHierarchy() {
  std::ofstream(root_ + own_ + "/cgroup.kill") << 1;
  std::error_code error;
  std::vector<fs::path> cgroups;
  for (const auto& entry : fs::recursive_directory_iterator(root_ + own_, error)) {
    if (entry.is_directory(error)) cgroups.push_back(entry.path());
  }
  for (auto cgroup = cgroups.rbegin(); cgroup != cgroups.rend(); ++cgroup) {
    ::rmdir(cgroup->c_str());
  }
  ::rmdir((root_ + own_).c_str());
  if (mounted_) ::umount2(root_.c_str(), MNT_DETACH);
}

std::string CgroupHierarchy::host_path(const std::string& name) const {
  return own_ + "/" + name;
}

std::string CgroupHierarchy::directory(const std::string& name) const {
  return root_ + host_path(name);
}

void CgroupHierarchy::make(const std::string& name) const {
  fs::create_directories(directory(name));
}

void CgroupHierarchy::remove(const std::string& name) const {
  if (::rmdir(directory(name).c_str()) != 0) throw failure("rmdir " + name);
}

CgroupProcess::CgroupProcess(const std::string& directory) {
  const UniqueFd processes(::open((directory + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
  std::array<int, 2> ready{};
  std::array<int, 2> start{};
  if (!processes.valid() || ::pipe2(ready.data(), O_CLOEXEC) != 0 ||
      ::pipe2(start.data(), O_CLOEXEC) != 0) {
    throw failure(directory);
  }
  pid_ = ::fork();
  if (pid_ == 0) {
    ::close(start[1]);
    be_process(processes.get(), ready[1], start[0]);
  }
  start_ = start[1];
  ::close(start[0]);
  ::close(ready[1]);
  char byte = 0;
  const auto got = ::read(ready[0], &byte, 1);
  ::close(ready[0]);
  if (pid_ < 0 || got != 1) throw failure("a process in " + directory);
}

void CgroupProcess::work() {
  if (::write(start_, "!", 1) != 1) throw failure("starting the work");
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void CgroupProcess::end() {
  if (start_ >= 0) ::close(start_);
  start_ = -1;
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

}  // namespace tidegauge::test
