// A real Podman, of the test's own, by its API that is like Docker's.

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>

#include "support/catch.h"
#include "support/child_process.h"
#include "support/daemon_process.h"
#include "support/engine_client.h"
#include "support/temporary_directory.h"
#include "support/wait_until.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::ChildProcess;
using test::DaemonProcess;
using test::EngineClient;
using test::Page;
using test::TemporaryDirectory;

namespace fs = std::filesystem;

namespace {

/// `podman system service` in namespaces of its own, which end with it and take its containers
/// along. Needs root and podman.
class RealPodman {
 public:
  RealPodman()
      : service_({"/usr/bin/unshare", "--mount", "--net", "--pid", "--fork", "--kill-child",
                  "--mount-proc", "/bin/sh", "-c", command()},
                 {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
                  "CONTAINERS_CONF=" + directory_.write("containers.conf", limits)}),
        client_(socket_path()) {
    try {
      test::wait_until("podman answers", 60s, [this] { return answers(); });
      client_.expect("POST", "/v1.41/images/create?fromSrc=-&repo=test&tag=latest", image());
    } catch (const std::exception& error) {
      throw std::runtime_error(std::string(error.what()) + "; podman says: " + service_.errors() +
                               "\n(apt-get install -y --no-install-recommends podman)");
    }
  }
  RealPodman(const RealPodman&) = delete;
  RealPodman& operator=(const RealPodman&) = delete;
  ~RealPodman() {
    try {
      static_cast<void>(client_.request("DELETE", "/v1.41/containers/web?force=1"));
    } catch (const std::exception&) {  // it goes with the service
    }
  }

  [[nodiscard]] std::string socket_path() const { return directory_.file("podman.sock"); }
  void post(const std::string& path, std::string_view body = {}) const {
    client_.expect("POST", "/v1.41/containers/" + path, body);
  }
  void remove(const std::string& container) const {
    client_.expect("DELETE", "/v1.41/containers/" + container + "?force=1");
  }

 private:
  /// Its own default of a million descriptors is more than some machines allow.
  static constexpr auto limits =
      "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", "
      "\"nproc=1024:1024\"]\n";

  [[nodiscard]] std::string command() const {
    const auto in = [this](const char* name) { return directory_.file(name); };
    return "exec podman --root " + in("root") + " --runroot " + in("runroot") + " --tmpdir " +
           in("tmp") + " --runtime runc --cgroup-manager cgroupfs --storage-driver vfs" +
           " --events-backend file --network-config-dir " + in("net") +
           " system service --time=0 unix://" + socket_path();
  }
  [[nodiscard]] bool answers() const {
    try {
      return client_.request("GET", "/_ping", {}, 5s).status == 200;
    } catch (const std::exception&) {
      return false;  // not yet listening
    }
  }
  /// A root file system of busybox alone, as a tar.
  [[nodiscard]] std::string image() const {
    fs::create_directories(directory_.file("image/bin"));
    fs::copy_file("/bin/busybox", directory_.file("image/bin/busybox"));
    fs::create_symlink("busybox", directory_.file("image/bin/sh"));
    fs::create_symlink("busybox", directory_.file("image/bin/sleep"));
    const auto archive = directory_.file("image.tar");
    const auto tar = "tar -C " + directory_.file("image") + " -cf " + archive + " .";
    if (std::system(tar.c_str()) != 0) throw std::runtime_error("cannot make " + archive);
    return test::read_file(archive);
  }

  TemporaryDirectory directory_;
  ChildProcess service_;
  EngineClient client_;
};

/// What the page says about states and ends, for a test that has failed.
std::string states_and_ends(const std::string& page) {
  std::istringstream lines(page);
  std::string found;
  for (std::string line; std::getline(lines, line);) {
    const bool concerned = line.starts_with("container_exits_total{") ||
                           line.starts_with("container_state{") ||
                           line.starts_with("tidegauge_engine_containers{");
    if (concerned && !line.ends_with(" 0")) found += line + '\n';
  }
  return found;
}

void wait_for(const DaemonProcess& daemon, const std::string& what,
              const std::function<bool(const Page&)>& condition) {
  try {
    test::wait_until(what, 60s, [&] { return condition(daemon.page()); });
  } catch (const std::exception& error) {
    throw std::runtime_error(error.what() +
                             ("; the page has\n" + states_and_ends(daemon.page_text())) +
                             "and the log\n" + daemon.log());
  }
}

const test::Labels web{{"name", "web"}};

test::Labels web_and(const std::string& name, const std::string& value) {
  return {{"name", "web"}, {name, value}};
}

/// Podman does not tell which signal it was asked to send. A removal by force has the event "stop"
/// if Podman finds the process ended only after it has sent the signal, and otherwise not.
double ends_by_force(const Page& page) {
  double sum = 0;
  for (const auto* cause : {"signal", "killed", "stopped"}) {
    sum += page.value("container_exits_total", web_and("cause", cause)).value_or(0);
  }
  return sum;
}

}  // namespace

TEST_CASE("a container of Podman's starts, is killed, starts again and is removed") {
  REQUIRE(::geteuid() == 0);
  const RealPodman podman;
  // /version asks the package manager for every part, which takes long on a busy machine.
  const DaemonProcess daemon(
      {.arguments = {"--pool.socket_path=" + podman.socket_path(),
                     "--container_monitor.interval=1s", "--container_monitor.stats_source=engine",
                     "--pool.call_timeout=1m"}});
  wait_for(daemon, "Podman is watched",
           [](const Page& page) { return page.value("tidegauge_engine_up") == 1; });

  podman.post("create?name=web", R"({"Image": "test", "Cmd": ["sleep", "1000"],
                                     "HostConfig": {"NetworkMode": "none"}})");
  podman.post("web/start");
  wait_for(daemon, "it is sampled", [](const Page& page) {
    return page.value("container_cpu_usage_seconds_total", web) > 0;
  });
  const auto page = daemon.page();
  CHECK(page.value("container_state", web_and("state", "running")) == 1);
  CHECK(page.value("container_memory_usage_bytes", web) > 0);
  CHECK(page.value("container_pids", web) == 1);
  for (const auto* wrong :
       {"container_network_", "container_fs_", "container_cpu_user", "container_cpu_system",
        "container_memory_working_set", "container_oom_events"}) {
    INFO(wrong);
    CHECK(page.count(wrong) == 0);
  }

  podman.post("web/kill");
  wait_for(daemon, "its end is counted", [](const Page& now) {
    return ends_by_force(now) == 1 && now.value("container_state", web_and("state", "exited")) == 1;
  });
  CHECK(daemon.page().count("container_cpu", web) == 0);

  podman.post("web/start");
  wait_for(daemon, "its start is counted", [](const Page& now) {
    return now.value("container_restarts_total", web) == 1 &&
           now.value("container_state", web_and("state", "running")) == 1;
  });

  podman.remove("web");
  wait_for(daemon, "it is gone", [](const Page& now) {
    return now.value("tidegauge_engine_containers", {{"state", "running"}}).value_or(0) == 0 &&
           ends_by_force(now) == 2;
  });
  CHECK(daemon.log().find("level=warn") == std::string::npos);
}
