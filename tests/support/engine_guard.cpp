// engine_guard DIRECTORY COMMAND [ARGUMENT...]
//
// Stands between a test and its private dockerd (real_engine.h). Each byte on standard input starts
// COMMAND once more, in network and mount namespaces that all its runs share; its process id comes
// back on standard output, a line each. The end of standard input, however the test program ended,
// makes the guard kill everything that came from COMMAND, remove what that left in the kernel, and
// delete DIRECTORY. Status 0: nothing is left.
//
// Being the "child subreaper", it inherits every orphan below it: a killed dockerd's containers are
// its own children, and no process can hide.

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <ranges>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace fs = std::filesystem;

namespace {

constexpr auto all_signals = std::array{SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD};
const fs::path cgroup_root = "/sys/fs/cgroup";

/// Ignoring SIGCHLD lets the kernel reap; the other signals must not end the guard before its work.
void set_signals(void (*handler)(int)) {
  for (const auto signal : all_signals) std::signal(signal, handler);
}

/// What Debian's cgroupfs-mount does at boot, for machines where nobody has: one hierarchy of
/// cgroup v1 per controller. It stays, as all tests share it.
void mount_cgroups() {
  if (!fs::is_empty(cgroup_root)) return;
  ::mount("cgroup", cgroup_root.c_str(), "tmpfs", 0, "mode=755");
  std::ifstream controllers("/proc/cgroups");
  std::string name;
  std::getline(controllers, name);  // the heading
  int hierarchy = 0;
  int cgroups = 0;
  int enabled = 0;
  while (controllers >> name >> hierarchy >> cgroups >> enabled) {
    const auto target = cgroup_root / name;
    if (enabled == 0 || !fs::create_directory(target)) continue;
    if (::mount("cgroup", target.c_str(), "cgroup", 0, name.c_str()) != 0) fs::remove(target);
  }
}

bool enter_namespaces() {
  return ::unshare(CLONE_NEWNET | CLONE_NEWNS) == 0 &&
         ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

/// What dockerd would make use of where the machine has it: a containerd, which runs outside of the
/// namespaces and finds no container's files, and AppArmor, which needs profiles and a program to
/// load them.
void hide_what_is_the_machines() {
  ::mount("tmpfs", "/run/containerd", "tmpfs", 0, "mode=711");
  ::umount2("/sys/kernel/security", MNT_DETACH);
}

void redirect(const fs::path& path, int flags, int target) {
  const int file = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
  if (file >= 0) ::dup2(file, target);
}

[[noreturn]] void become(char** command, const fs::path& directory) {
  set_signals(SIG_DFL);
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  redirect("/dev/null", O_RDONLY, STDIN_FILENO);
  redirect(directory / "dockerd.log", O_WRONLY | O_CREAT | O_APPEND, STDOUT_FILENO);
  ::dup2(STDOUT_FILENO, STDERR_FILENO);
  ::execvp(command[0], command);
  std::perror(command[0]);
  std::_Exit(127);
}

void serve_starts(char** command, const fs::path& directory) {
  char request = 0;
  while (::read(STDIN_FILENO, &request, 1) == 1) {
    const auto child = ::fork();
    if (child == 0) become(command, directory);
    std::cout << child << '\n' << std::flush;
  }
}

/// Every process by its parent.
std::multimap<pid_t, pid_t> process_tree() {
  std::multimap<pid_t, pid_t> children;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const auto pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0) continue;
    std::ifstream file(entry.path() / "stat");
    std::string line;
    std::getline(file, line);
    // "PID (any name, with any characters) STATE PARENT ..."
    const auto end_of_name = line.rfind(')');
    if (end_of_name == std::string::npos || line.size() < end_of_name + 4) continue;
    children.emplace(std::atoi(line.c_str() + end_of_name + 4), pid);
  }
  return children;
}

std::vector<pid_t> descendants() {
  const auto children = process_tree();
  std::vector<pid_t> found{::getpid()};
  for (std::size_t next = 0; next < found.size(); ++next) {
    const auto [first, last] = children.equal_range(found[next]);
    std::for_each(first, last, [&](const auto& pair) { found.push_back(pair.second); });
  }
  found.erase(found.begin());
  return found;
}

std::vector<std::string> container_ids(const fs::path& directory) {
  std::vector<std::string> ids;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(directory / "data" / "containers", none)) {
    ids.push_back(entry.path().filename());
  }
  return ids;
}

/// A frozen process of cgroup v1 does not die before it is thawed.
void thaw(const std::vector<std::string>& ids) {
  for (const auto& id : ids) {
    std::ofstream(cgroup_root / "freezer" / "docker" / id / "freezer.state") << "THAWED";
  }
}

/// Calls `step` every few milliseconds until it says that it is done, for half a minute.
template <class Step>
bool repeat(Step step) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!step()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

bool kill_descendants(const fs::path& directory) {
  return repeat([&] {
    const auto processes = descendants();
    for (const auto pid : processes) ::kill(pid, SIGKILL);
    thaw(container_ids(directory));
    return processes.empty();
  });
}

/// The containers' cgroups: below each hierarchy of v1, or below the root of v2.
bool remove_cgroups(const std::vector<std::string>& ids) {
  std::vector<fs::path> hierarchies{cgroup_root};
  for (const auto& entry : fs::directory_iterator(cgroup_root)) {
    if (entry.is_directory()) hierarchies.push_back(entry.path());
  }
  bool removed = true;
  for (const auto& hierarchy : hierarchies) {
    for (const auto& id : ids) {
      const auto cgroup = hierarchy / "docker" / id;
      removed &= repeat([&] { return ::rmdir(cgroup.c_str()) == 0 || errno != EBUSY; });
    }
  }
  return removed;
}

/// Newest first; only this mount namespace ever saw them.
void unmount_below(const fs::path& directory) {
  std::vector<std::string> targets;
  std::ifstream mounts("/proc/self/mounts");
  std::string source;
  std::string target;
  while (mounts >> source >> target) {
    if (target.starts_with(directory.string() + "/")) targets.push_back(target);
    std::getline(mounts, source);
  }
  for (const auto& mount : targets | std::views::reverse) ::umount2(mount.c_str(), MNT_DETACH);
}

bool clean_up(const fs::path& directory) {
  const bool killed = kill_descendants(directory);
  const bool removed = remove_cgroups(container_ids(directory));
  unmount_below(directory);
  std::error_code error;
  fs::remove_all(directory, error);
  if (error) std::cerr << "engine_guard: " << directory << ": " << error.message() << '\n';
  if (!killed) std::cerr << "engine_guard: some processes do not end\n";
  if (!removed) std::cerr << "engine_guard: some cgroups of containers do not go\n";
  return killed && removed && !error;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: engine_guard DIRECTORY COMMAND [ARGUMENT...]\n";
    return 2;
  }
  const fs::path directory = argv[1];
  set_signals(SIG_IGN);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  mount_cgroups();
  if (enter_namespaces()) {
    hide_what_is_the_machines();
    serve_starts(argv + 2, directory);
  } else {
    std::perror("engine_guard: cannot make network and mount namespaces");
  }
  return clean_up(directory) ? EXIT_SUCCESS : EXIT_FAILURE;
}
