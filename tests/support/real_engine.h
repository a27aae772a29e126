#pragma once

// A real Docker Engine of the test's own: a private dockerd in network and mount namespaces of its
// own, with its data in a private directory and nothing but a busybox image. Its containers live
// in the machine's own PID namespace and cgroups, so that the kernel's numbers can be held against
// what the Engine and the daemon say. Its cgroup driver is cgroupfs, which needs no systemd, unless
// TIDEGAUGE_TEST_CGROUP_DRIVER names the other. TIDEGAUGE_TEST_ENGINE_ROOT names the tree of
// another Debian (made by debootstrap, with docker.io), whose dockerd is then run instead of this
// system's.
//
// Needs root, dockerd, busybox-static and iproute2; what is missing is a failure that names the
// remedy. A guard process (engine_guard.cpp) ends everything that was started here and deletes the
// directory when this object goes, and also when the test program is killed.
//
// All members but the constructor may be used from several threads, except freeze, thaw, kill,
// terminate and start, which belong to one.

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "support/engine_client.h"
#include "tidegauge/util/unique_fd.h"

namespace tidegauge::test {

class RealEngine {
 public:
  /// Returns once the Engine answers and has its image; throws with the tail of dockerd's log.
  /// `more_arguments` go to dockerd, as a shell reads them.
  explicit RealEngine(std::string more_arguments = {});
  ~RealEngine();
  RealEngine(const RealEngine&) = delete;
  RealEngine& operator=(const RealEngine&) = delete;

  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
  [[nodiscard]] std::string socket_path() const { return directory_ / "docker.sock"; }
  /// As `pool.socket_path` and DOCKER_HOST want it.
  [[nodiscard]] std::string address() const { return "unix://" + socket_path(); }
  [[nodiscard]] EngineClient client() const { return EngineClient(socket_path()); }
  /// The process id of dockerd; of the last one after kill().
  [[nodiscard]] pid_t pid() const { return dockerd_; }

  /// Stops dockerd where it stands (SIGSTOP): it accepts connections and answers nothing.
  void freeze() const;
  void thaw() const;
  /// SIGKILL to dockerd. Its containers go on running.
  void kill() const;
  /// SIGTERM to dockerd, as `systemctl stop docker`: it ends its containers first, where it was
  /// given
  /// `--live-restore=false`. Returns once it is gone.
  void terminate() const;
  /// Starts it again on the same directories; it finds its containers as they are by then.
  void start();

  /// Creates a container of the busybox image and returns its id. `spec` is the JSON of the
  /// Engine's own call without "Image", as {"Cmd": ["sleep", "inf"]}.
  [[nodiscard]] std::string create(std::string_view name, std::string_view spec) const;
  /// create, and start.
  [[nodiscard]] std::string run(std::string_view name, std::string_view spec) const;
  /// POST /containers/{container}/{verb}: "start", "pause", "unpause", "kill", "restart?t=0" ...
  void command(std::string_view container, std::string_view verb) const;
  /// Removes it, running or not.
  void remove(std::string_view container) const;
  /// Where its cgroup is, as the label `id` has it.
  [[nodiscard]] static std::string cgroup_of(const std::string& id);
  /// The Engine's own JSON about it.
  [[nodiscard]] std::string inspect(std::string_view container) const;

 private:
  void start_guard();
  void wait_for_answer() const;
  void import_image() const;
  void stop_guard() noexcept;
  [[nodiscard]] std::string log_tail() const;

  const std::string more_arguments_;
  std::filesystem::path directory_;
  UniqueFd guard_socket_;
  pid_t guard_ = -1;
  pid_t dockerd_ = -1;
};

}  // namespace tidegauge::test
