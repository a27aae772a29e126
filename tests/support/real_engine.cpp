#include "support/real_engine.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

#include "support/temporary_directory.h"
#include "support/wait_until.h"

namespace tidegauge::test {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

constexpr auto search_path = std::array{"/usr/sbin", "/usr/bin", "/sbin", "/bin"};
constexpr auto image = "tidegauge-test";

fs::path program(std::string_view name) {
  for (const auto* folder : search_path) {
    if (auto path = fs::path(folder) / name; fs::exists(path)) return path;
  }
  throw std::runtime_error("the tests against a real Engine need " + std::string(name) +
                           ": apt-get install -y --no-install-recommends docker.io iptables "
                           "busybox-static iproute2");
}

void check_prerequisites() {
  for (const auto* name : {"dockerd", "containerd", "runc", "busybox", "ip", "tar"}) {
    static_cast<void>(program(name));
  }
  if (::geteuid() != 0) throw std::runtime_error("the tests against a real Engine need root");
}

/// Under /var/tmp: the Engine's own file system needs a disk, and Unix sockets a short path.
fs::path make_directory() {
  std::string pattern = "/var/tmp/tidegauge-engine-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp " + pattern);
  return pattern;
}

bool has_systemd_driver() {
  const auto* const driver = std::getenv("TIDEGAUGE_TEST_CGROUP_DRIVER");
  return driver != nullptr && std::string_view(driver) == "systemd";
}

/// Its own bridge, and no firewall rules: nothing of it can meet another Engine of the machine.
/// With --live-restore a killed dockerd finds its containers running when it comes back.
std::string dockerd_arguments(const fs::path& directory, const std::string& more_arguments) {
  const auto path = directory.string();
  return " --data-root " + path + "/data --exec-root " + path + "/exec --pidfile " + path + "/pid" +
         " --host unix://" + path + "/docker.sock --iptables=false --ip6tables=false" +
         " --bip 172.29.0.1/20 --live-restore --exec-opt native.cgroupdriver=" +
         (has_systemd_driver() ? "systemd " : "cgroupfs ") + more_arguments;
}

/// The tree of files of another system, whose Engine is to be run; empty: this system's.
fs::path other_root() {
  const auto* const root = std::getenv("TIDEGAUGE_TEST_ENGINE_ROOT");
  return root == nullptr ? "" : root;
}

/// Makes `root` the root of a new mount namespace, where `directory` is as it is outside. Not by
/// chroot: runc would start health checks in this system's own root.
std::string enter(const fs::path& root, const fs::path& directory) {
  const auto path = directory.string();
  std::string script = "cd " + root.string() + " && mkdir -p .old ." + path +
                       " && mount --bind . . && cd " + root.string() + " && mount --bind " + path +
                       " ." + path;
  for (const std::string shared : {"proc", "sys", "dev"}) {
    script += " && mount --rbind /" + shared + " " + shared;
  }
  return script + " && pivot_root . .old && umount -l /.old && ";
}

std::string dockerd_command(const fs::path& directory, const std::string& more_arguments) {
  const auto root = other_root();
  const auto run = "exec dockerd" + dockerd_arguments(directory, more_arguments);
  return "PATH=$PATH:/usr/sbin:/sbin; ip link set lo up; rm -f " + directory.string() + "/pid; " +
         (root.empty() ? run : "exec unshare -m sh -c '" + enter(root, directory) + run + "'");
}

/// Spawns `arguments` in a session of its own, with `socket` as standard input and output.
pid_t spawn(std::vector<std::string> arguments, int socket) {
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, socket, STDOUT_FILENO);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  pid_t child = -1;
  const int error = ::posix_spawn(&child, argv[0], &actions, &attributes, argv.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::system_error(error, std::generic_category(), arguments.front());
  return child;
}

bool is_gone(pid_t pid) {
  return ::kill(pid, 0) != 0 && errno == ESRCH;
}

/// The letter of /proc/PID/stat: 'R', 'S', 'T' ...
char process_state(pid_t pid) {
  const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  const auto end_of_name = stat.rfind(')');
  return end_of_name + 2 < stat.size() ? stat[end_of_name + 2] : '?';
}

/// A root file system of busybox alone, as a tar.
std::string image_tar(const fs::path& tree) {
  fs::create_directories(tree / "bin");
  fs::create_directories(tree / "tmp");
  fs::copy_file(program("busybox"), tree / "bin" / "busybox");
  for (const auto* applet : {"sh", "cat", "dd", "echo", "false", "httpd", "kill", "nc", "ping",
                             "sleep", "tail", "test", "true", "wget", "yes"}) {
    fs::create_symlink("busybox", tree / "bin" / applet);
  }
  const auto archive = tree.string() + ".tar";
  const auto command = "tar -C " + tree.string() + " -cf " + archive + " .";
  if (std::system(command.c_str()) != 0) throw std::runtime_error("cannot make " + archive);
  return read_file(archive);
}

}  // namespace

RealEngine::RealEngine(std::string more_arguments) : more_arguments_(std::move(more_arguments)) {
  check_prerequisites();
  directory_ = make_directory();
  start_guard();
  try {
    start();
    import_image();
  } catch (...) {
    stop_guard();
    throw;
  }
}

RealEngine::~RealEngine() {
  stop_guard();
}

void RealEngine::start_guard() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw std::system_error(errno, std::generic_category(), "socketpair");
  }
  guard_socket_.reset(ends[0]);
  const UniqueFd guards_end(ends[1]);
  guard_ = spawn({TIDEGAUGE_ENGINE_GUARD, directory_, "/bin/sh", "-c",
                  dockerd_command(directory_, more_arguments_)},
                 guards_end.get());
}

void RealEngine::stop_guard() noexcept {
  guard_socket_.reset();
  int status = 0;
  if (::waitpid(guard_, &status, 0) == guard_ && status != 0) {
    std::cerr << "engine_guard could not clean up after " << directory_ << '\n';
  }
}

void RealEngine::start() {
  if (::write(guard_socket_.get(), "s", 1) != 1) throw std::runtime_error("engine_guard has ended");
  std::string line;
  for (char next = 0; next != '\n'; line += next) {
    if (::read(guard_socket_.get(), &next, 1) != 1) {
      throw std::runtime_error("engine_guard has ended");
    }
  }
  dockerd_ = std::stoi(line);
  wait_for_answer();
}

void RealEngine::wait_for_answer() const {
  bool answered = false;
  const auto answers = [&] {
    try {
      answered = client().request("GET", "/_ping", {}, 2s).status == 200;
    } catch (const std::exception&) {
      return false;  // not yet listening
    }
    return answered;
  };
  try {
    wait_until("dockerd answers", 60s, [&] { return answers() || is_gone(dockerd_); });
  } catch (const std::exception&) {
    answered = false;
  }
  if (!answered) throw std::runtime_error("dockerd does not start; its log ends:\n" + log_tail());
}

std::string RealEngine::log_tail() const {
  std::ifstream log(directory_ / "dockerd.log");
  const std::string text{std::istreambuf_iterator<char>(log), {}};
  return text.substr(text.size() - std::min<std::size_t>(text.size(), 2000));
}

void RealEngine::import_image() const {
  client().expect("POST", "/images/create?fromSrc=-&repo=" + std::string(image) + "&tag=latest",
                  image_tar(directory_ / "image"));
}

void RealEngine::freeze() const {
  ::kill(dockerd_, SIGSTOP);
  wait_until("dockerd is stopped", 5s, [&] { return process_state(dockerd_) == 'T'; });
}

void RealEngine::thaw() const {
  ::kill(dockerd_, SIGCONT);
}

// dockerd takes its containerd with it, by a parent-death signal; a new one would adopt a survivor.
void RealEngine::kill() const {
  std::optional<pid_t> containerd;
  std::ifstream file(directory_ / "exec" / "containerd" / "containerd.pid");
  if (pid_t pid = 0; file >> pid) containerd = pid;
  ::kill(dockerd_, SIGKILL);
  wait_until("dockerd and its containerd are gone", 10s,
             [&] { return is_gone(dockerd_) && (!containerd || is_gone(*containerd)); });
}

void RealEngine::terminate() const {
  ::kill(dockerd_, SIGTERM);
  wait_until("dockerd has ended", 60s, [&] { return is_gone(dockerd_); });
}

std::string RealEngine::cgroup_of(const std::string& id) {
  return has_systemd_driver() ? "/system.slice/docker-" + id + ".scope" : "/docker/" + id;
}

std::string RealEngine::create(std::string_view name, std::string_view spec) const {
  const auto body =
      R"({"Image":")" + std::string(image) + "\"," + std::string(spec.substr(spec.find('{') + 1));
  const auto reply = client().body_of("POST", "/containers/create?name=" + std::string(name), body);
  constexpr std::string_view before_id = R"({"Id":")";
  constexpr std::size_t id_length = 64;
  if (!reply.starts_with(before_id)) throw std::runtime_error("no id in " + reply);
  return reply.substr(before_id.size(), id_length);
}

std::string RealEngine::run(std::string_view name, std::string_view spec) const {
  auto id = create(name, spec);
  command(id, "start");
  return id;
}

void RealEngine::command(std::string_view container, std::string_view verb) const {
  client().expect("POST", "/containers/" + std::string(container) + "/" + std::string(verb));
}

void RealEngine::remove(std::string_view container) const {
  client().expect("DELETE", "/containers/" + std::string(container) + "?force=1");
}

std::string RealEngine::inspect(std::string_view container) const {
  return client().body_of("GET", "/containers/" + std::string(container) + "/json");
}

}  // namespace tidegauge::test
