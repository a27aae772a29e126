#pragma once

// The program as its users run it, for the tests of the layer `app`: a process with arguments, an
// environment, signals and an exit status, beside a simulated Engine.

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "simulated_engine/simulated_engine.h"
#include "support/child_process.h"
#include "support/raw_client.h"
#include "support/temporary_directory.h"
#include "support/wait_until.h"

namespace tidegauge::test {

using Arguments = std::vector<std::string>;

inline Arguments command(Arguments arguments) {
  arguments.insert(arguments.begin(), TIDEGAUGE_PROGRAM);
  return arguments;
}

/// For a shell that becomes the program: `exec "$@" >/dev/full`.
inline Arguments in_shell(std::string script, Arguments arguments) {
  Arguments shell{"/bin/sh", "-c", std::move(script), "sh"};
  for (auto& word : command(std::move(arguments))) shell.push_back(std::move(word));
  return shell;
}

struct Finished {
  int status = 0;
  std::string output;
  std::string errors;
};

inline Finished wait_for(ChildProcess& program) {
  const int status = program.wait();
  return {.status = status, .output = program.output(), .errors = program.errors()};
}

/// Runs the program until it ends.
inline Finished run(Arguments arguments, std::vector<std::string> environment = {}) {
  ChildProcess program(command(std::move(arguments)), std::move(environment));
  return wait_for(program);
}

inline std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

/// A simulated Engine of ten containers, and the arguments for a program that watches it.
class Scene {
 public:
  Scene() : engine_({.socket_path = socket_path()}) {}

  SimulatedEngine& engine() { return engine_; }
  [[nodiscard]] std::string socket_path() const { return directory_.file("docker.sock"); }
  [[nodiscard]] std::string write_config(std::string_view content) const {
    return directory_.write("config.yaml", content);
  }
  [[nodiscard]] Arguments with(Arguments more = {}) const {
    more.push_back("--pool.socket_path=" + socket_path());
    more.emplace_back("--web.listen_address=127.0.0.1:0");
    return more;
  }
  void kill_engine() {
    engine_.server().stop_listening(SocketFile::left);
    engine_.server().disconnect_all();
  }

 private:
  TemporaryDirectory directory_;
  SimulatedEngine engine_;
};

/// The port that a process listens on, as the kernel says; waits for it. For a daemon whose log
/// cannot be read.
inline std::uint16_t listening_port(pid_t process) {
  const auto is_of_process = [&](const std::string& inode) {
    const auto directory = "/proc/" + std::to_string(process) + "/fd";
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      std::error_code gone;
      if (std::filesystem::read_symlink(entry, gone) == "socket:[" + inode + "]") return true;
    }
    return false;
  };
  std::uint16_t port = 0;
  wait_until("the program listens", std::chrono::seconds(20), [&] {
    std::istringstream sockets(read_file("/proc/net/tcp"));
    std::string line;
    std::getline(sockets, line);
    while (std::getline(sockets, line)) {
      std::istringstream words(line);
      const std::vector<std::string> fields{std::istream_iterator<std::string>(words), {}};
      constexpr std::string_view listening = "0A";
      if (fields.at(3) != listening || !is_of_process(fields.at(9))) continue;
      port = static_cast<std::uint16_t>(std::stoul(fields[1].substr(9), nullptr, 16));
    }
    return port != 0;
  });
  return port;
}

/// The program as a daemon, from the moment it serves.
class RunningDaemon {
 public:
  explicit RunningDaemon(Arguments arguments, std::vector<std::string> environment = {})
      : process_(command(std::move(arguments)), std::move(environment)) {
    process_.wait_for_errors("tidegauge has started");
    const auto log = process_.errors();
    constexpr std::string_view key = " port=";
    port_ = static_cast<std::uint16_t>(std::stoi(log.substr(log.find(key) + key.size())));
  }

  ChildProcess& process() { return process_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] RawClient::Reply get(std::string_view path) const {
    return RawClient(port_).get(path);
  }
  [[nodiscard]] std::string page() const { return get("/metrics").body; }
  void wait_for_page(std::string_view part) const {
    wait_until("the page says " + std::string(part), std::chrono::seconds(20),
               [&] { return page().contains(part); });
  }

 private:
  ChildProcess process_;
  std::uint16_t port_ = 0;
};

}  // namespace tidegauge::test
