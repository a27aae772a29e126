// The fixture itself: what the other tests of this program rest on.

#include "support/real_engine.h"

#include <rapidjson/document.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "support/catch.h"
#include "support/engine_states.h"
#include "support/temporary_directory.h"
#include "support/wait_until.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::contains;
using test::RealEngine;
namespace fs = std::filesystem;

namespace {

rapidjson::Document parse(const std::string& json) {
  rapidjson::Document document;
  document.Parse(json.c_str());
  return document;
}

rapidjson::Document inspect(const RealEngine& engine, const std::string& container) {
  return parse(engine.inspect(container));
}

std::string status_of(const RealEngine& engine, const std::string& container) {
  return inspect(engine, container)["State"]["Status"].GetString();
}

std::string health_of(const RealEngine& engine, const std::string& container) {
  return inspect(engine, container)["State"]["Health"]["Status"].GetString();
}

/// Processes with `text` in their command line.
std::size_t processes_with(const std::string& text) {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    try {
      if (test::read_file(entry.path() / "cmdline").contains(text)) ++count;
    } catch (const std::exception&) {
      continue;  // has ended meanwhile
    }
  }
  return count;
}

/// The cgroups of a container, in all hierarchies.
std::vector<fs::path> cgroups_of(const std::string& id) {
  std::vector<fs::path> found;
  std::vector<fs::path> hierarchies{"/sys/fs/cgroup"};
  for (const auto& entry : fs::directory_iterator("/sys/fs/cgroup")) {
    if (entry.is_directory()) hierarchies.push_back(entry.path());
  }
  for (const auto& hierarchy : hierarchies) {
    if (fs::exists(hierarchy / "docker" / id)) found.push_back(hierarchy / "docker" / id);
  }
  return found;
}

/// Whether `web` has used something of everything that is measured.
bool has_used_everything(const RealEngine& engine) {
  const auto stats = parse(engine.client().body_of("GET", "/containers/web/stats?stream=false"));
  const auto& io = stats["blkio_stats"]["io_service_bytes_recursive"];
  return stats["cpu_stats"]["cpu_usage"]["total_usage"].GetUint64() > 0 &&
         stats["networks"]["eth0"]["tx_bytes"].GetUint64() > 0 && io.IsArray() && io.Size() > 0;
}

}  // namespace

TEST_CASE("a real Engine runs containers in every state") {
  const RealEngine engine;
  const auto ids = test::create_states(engine);
  REQUIRE(ids.size() == 10);

  CHECK(status_of(engine, "web") == "running");
  CHECK(status_of(engine, "paused") == "paused");
  CHECK(status_of(engine, "exited3") == "exited");
  CHECK(inspect(engine, "exited3")["State"]["ExitCode"].GetInt() == 3);
  CHECK(inspect(engine, "oomkilled")["State"]["OOMKilled"].GetBool());
  CHECK(inspect(engine, "oomkilled")["State"]["ExitCode"].GetInt() == 137);
  CHECK(status_of(engine, "restarting") == "restarting");
  CHECK(status_of(engine, "created") == "created");
  CHECK(health_of(engine, "healthy") == "healthy");
  CHECK(health_of(engine, "unhealthy") == "unhealthy");
  CHECK(inspect(engine, "nonet")["HostConfig"]["NetworkMode"].GetString() == std::string("none"));
  CHECK(inspect(engine, "labelled")["Config"]["Labels"]["com.docker.compose.project"].GetString() ==
        std::string(test::awkward_label));

  const auto web = inspect(engine, "web");
  CHECK(web["Id"].GetString() == ids.at("web"));
  CHECK(web["HostConfig"]["Memory"].GetInt64() == 64 << 20);
  CHECK(web["HostConfig"]["PidsLimit"].GetInt64() == 100);
  CHECK_FALSE(cgroups_of(ids.at("web")).empty());
  CHECK_NOTHROW(test::wait_until("all numbers of web move", 10s,
                                 [&] { return has_used_everything(engine); }));
  CHECK_THAT(engine.client().body_of("GET", "/containers/web/logs?stdout=1&tail=1"),
             contains("tick"));
}

TEST_CASE("a frozen Engine answers nothing until it is thawed") {
  const RealEngine engine;
  engine.freeze();
  CHECK_THROWS_WITH(engine.client().request("GET", "/_ping", {}, 200ms), contains("in time"));
  engine.thaw();
  CHECK(engine.client().request("GET", "/_ping").status == 200);
}

TEST_CASE("a killed Engine comes back with its containers still running") {
  RealEngine engine;
  const auto survivor = engine.run("survivor", R"({"Cmd": ["sleep", "inf"]})");
  const auto before = inspect(engine, survivor)["State"]["Pid"].GetInt();

  engine.kill();
  CHECK_THROWS(engine.client().request("GET", "/_ping", {}, 200ms));
  CHECK(::kill(before, 0) == 0);

  engine.start();
  CHECK(status_of(engine, survivor) == "running");
  CHECK(inspect(engine, survivor)["State"]["Pid"].GetInt() == before);
}

TEST_CASE("nothing is left of an Engine, even of a frozen one") {
  fs::path directory;
  std::vector<std::string> ids;
  {
    const RealEngine engine;
    directory = engine.directory();
    ids.push_back(engine.run("running", R"({"Cmd": ["sleep", "inf"]})"));
    ids.push_back(engine.run("paused", R"({"Cmd": ["sleep", "inf"]})"));
    engine.command("paused", "pause");
    REQUIRE(processes_with(directory) > 0);
    engine.freeze();
  }
  CHECK_FALSE(fs::exists(directory));
  CHECK(processes_with(directory) == 0);
  for (const auto& id : ids) CHECK(cgroups_of(id).empty());
}

namespace {

/// In a child process: an Engine that its owner, killed, cannot clean up. Its directory and the id
/// of a container that it runs go to `report`.
[[noreturn]] void be_killed_with_an_engine(const std::string& report) noexcept {
  const RealEngine engine;
  const auto orphan = engine.run("orphan", R"({"Cmd": ["sleep", "inf"]})");
  std::ofstream(report) << engine.directory().string() << ' ' << orphan;
  ::kill(::getpid(), SIGKILL);
  std::_Exit(1);
}

}  // namespace

TEST_CASE("nothing is left of an Engine whose test program was killed") {
  const test::TemporaryDirectory temporary;
  const auto report = temporary.file("report");
  const auto child = ::fork();
  if (child == 0) be_killed_with_an_engine(report);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(WTERMSIG(status) == SIGKILL);

  std::string directory;
  std::string orphan;
  std::ifstream(report) >> directory >> orphan;
  REQUIRE(orphan.size() == 64);
  CHECK_NOTHROW(test::wait_until("the guard has cleaned up", 30s, [&] {
    return !fs::exists(directory) && processes_with(directory) == 0 && cgroups_of(orphan).empty();
  }));
}
