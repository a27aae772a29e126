#include "support/engine_states.h"

#include <rapidjson/document.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <optional>
#include <stdexcept>
#include <utility>

#include "support/wait_until.h"

namespace tidegauge::test {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// Busy in every way that is measured, a few times a second.
constexpr auto web_script =
    "while true; do echo tick; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; "
    "dd if=/bin/busybox of=/dev/null bs=64k count=4 iflag=direct 2>/dev/null; "
    "ping -c 1 172.29.0.1 >/dev/null; sleep 0.2; done";

constexpr auto idle = R"({"Cmd": ["sleep", "inf"]})";
constexpr auto exits_with_3 = R"({"Cmd": ["sh", "-c", "exit 3"]})";

/// The shell outlives the killed process for a second, so that the Engine learns of the OOM kill
/// before it learns of the exit, however busy the machine is.
constexpr auto eats_memory = R"({
  "Cmd": ["sh", "-c", "tail /dev/zero; status=$?; sleep 1; exit $status"],
  "HostConfig": {"Memory": 16777216, "MemorySwap": 16777216}
})";

constexpr auto always_restarted = R"({
  "Cmd": ["sh", "-c", "exit 1"],
  "HostConfig": {"RestartPolicy": {"Name": "always"}}
})";

constexpr auto healthy = R"({
  "Cmd": ["sleep", "inf"],
  "Healthcheck": {"Test": ["CMD", "true"], "Interval": 1000000000, "Timeout": 10000000000}
})";

constexpr auto unhealthy = R"({
  "Cmd": ["sleep", "inf"],
  "Healthcheck": {"Test": ["CMD", "false"], "Interval": 1000000000, "Timeout": 10000000000,
                  "Retries": 1}
})";

constexpr auto labelled = R"({
  "Cmd": ["sleep", "inf"],
  "Labels": {
    "com.docker.compose.project": "say \"hi\" \\ back\nnew line, Größe ☃",
    "com.docker.compose.service": "",
    "not.in the/list": "\"\\\n"
  }
})";

constexpr auto without_network = R"({
  "Cmd": ["sleep", "inf"],
  "HostConfig": {"NetworkMode": "none"}
})";

constexpr auto one_of_many = R"({
  "Cmd": ["sh", "-c", "while true; do echo tick; sleep 5; done"],
  "Labels": {"com.docker.compose.project": "many", "com.docker.compose.service": "web"},
  "HostConfig": {"Memory": 67108864, "CpuPeriod": 100000, "CpuQuota": 50000}
})";

/// The disk that `directory` lies on, as "/dev/vda"; nothing where there is none below it.
std::optional<std::string> disk_of(const fs::path& directory) {
  struct stat status{};
  if (::stat(directory.c_str(), &status) != 0) return std::nullopt;
  const auto number =
      std::to_string(major(status.st_dev)) + ":" + std::to_string(minor(status.st_dev));
  const auto link = fs::path("/sys/dev/block") / number;
  if (!fs::exists(link)) return std::nullopt;
  auto device = fs::canonical(link);
  if (fs::exists(device / "partition")) device = device.parent_path();
  return "/dev/" + device.filename().string();
}

/// A limit that is never reached: since Linux 6.10 cgroup v1 counts a disk's bytes only once some
/// cgroup has a limit for that disk.
std::string generous_disk_limit(const fs::path& directory) {
  const auto disk = disk_of(directory);
  if (!disk) return "";
  return R"(, "BlkioDeviceReadBps": [{"Path": ")" + *disk + R"(", "Rate": 1073741824}])";
}

std::string web(const fs::path& directory) {
  return R"({"Cmd": ["sh", "-c", ")" + std::string(web_script) + R"("],
    "Labels": {"com.docker.compose.project": "shop", "com.docker.compose.service": "web"},
    "HostConfig": {"Memory": 67108864, "CpuPeriod": 100000, "CpuQuota": 50000, "PidsLimit": 100)" +
         generous_disk_limit(directory) + "}}";
}

struct State {
  std::string status;
  std::string health;  ///< empty without a health check
  bool oom_killed = false;
  int restart_count = 0;
};

State state_of(const RealEngine& engine, const std::string& container) {
  rapidjson::Document document;
  document.Parse(engine.inspect(container).c_str());
  const auto& state = document["State"];
  return {.status = state["Status"].GetString(),
          .health = state.HasMember("Health") ? state["Health"]["Status"].GetString() : "",
          .oom_killed = state["OOMKilled"].GetBool(),
          .restart_count = document["RestartCount"].GetInt()};
}

template <class Predicate>
void wait_for(const RealEngine& engine, const std::string& container, Predicate predicate) {
  wait_until(container + " is in its state", 60s,
             [&] { return predicate(state_of(engine, container)); });
}

auto has_status(std::string status) {
  return [status = std::move(status)](const State& state) { return state.status == status; };
}

auto has_health(std::string health) {
  return [health = std::move(health)](const State& state) { return state.health == health; };
}

/// So little memory may end the container before its command runs.
std::string create_oom_killed(const RealEngine& engine) {
  constexpr int attempts = 5;
  std::string last;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    auto id = engine.create("oomkilled", eats_memory);
    last = engine.client().request("POST", "/containers/" + id + "/start").body;
    if (last.empty()) {
      wait_for(engine, "oomkilled", has_status("exited"));
      if (state_of(engine, "oomkilled").oom_killed) return id;
      last = engine.inspect("oomkilled");
    }
    engine.remove(id);
  }
  throw std::runtime_error("no container was killed for want of memory, but: " + last);
}

/// The pauses between restarts double, from 100 ms: the seventh lasts 6.4 s. Waits for the
/// beginning of such a one, so that whoever looks next finds the container in it.
void wait_for_a_long_pause(const RealEngine& engine) {
  const auto seen = std::max(6, state_of(engine, "restarting").restart_count);
  wait_for(engine, "restarting", [seen](const State& state) {
    return state.restart_count > seen && state.status == "restarting";
  });
}

void wait_for_states(const RealEngine& engine) {
  wait_for(engine, "web", has_status("running"));
  wait_for(engine, "paused", has_status("paused"));
  wait_for(engine, "exited3", has_status("exited"));
  wait_for(engine, "created", has_status("created"));
  wait_for(engine, "healthy", has_health("healthy"));
  wait_for(engine, "unhealthy", has_health("unhealthy"));
  wait_for_a_long_pause(engine);
}

}  // namespace

std::map<std::string, std::string> create_states(const RealEngine& engine) {
  std::map<std::string, std::string> ids;
  ids["restarting"] = engine.run("restarting", always_restarted);
  ids["web"] = run_web(engine);
  ids["exited3"] = engine.run("exited3", exits_with_3);
  ids["created"] = engine.create("created", idle);
  ids["healthy"] = engine.run("healthy", healthy);
  ids["unhealthy"] = engine.run("unhealthy", unhealthy);
  ids["labelled"] = engine.run("labelled", labelled);
  ids["nonet"] = engine.run("nonet", without_network);
  ids["oomkilled"] = create_oom_killed(engine);
  ids["paused"] = engine.run("paused", idle);
  engine.command("paused", "pause");
  wait_for_states(engine);
  return ids;
}

std::string run_web(const RealEngine& engine) {
  return engine.run("web", web(engine.directory()));
}

std::vector<std::string> create_many(const RealEngine& engine, std::size_t count) {
  constexpr std::size_t threads = 4;
  std::vector<std::string> ids(count);
  const auto run_every_fourth = [&](std::size_t first) {
    for (auto index = first; index < count; index += threads) {
      ids[index] = engine.run("many-" + std::to_string(index + 1), one_of_many);
    }
  };
  std::array<std::future<void>, threads> running;
  for (std::size_t first = 0; first < threads; ++first) {
    running.at(first) = std::async(std::launch::async, run_every_fourth, first);
  }
  for (auto& part : running) part.get();
  return ids;
}

std::size_t containers_to_start(std::size_t usual) {
  const auto* const text = std::getenv("TIDEGAUGE_TEST_CONTAINERS");
  return text == nullptr ? usual : std::stoul(text);
}

}  // namespace tidegauge::test
