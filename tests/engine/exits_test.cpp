// Why containers of a real Engine died, each row of docs/exits.md that an Engine can produce, as
// the daemon tells programs at /api/v1/exits and Prometheus on the page.

#include <rapidjson/document.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "support/catch.h"
#include "support/daemon_process.h"
#include "support/engine_json.h"
#include "support/page.h"
#include "support/real_engine.h"
#include "support/wait_until.h"
#include "tidegauge/util/time.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::DaemonProcess;
using test::Page;
using test::RealEngine;

namespace {

// From what makes a container end to the page: a decision takes half a second, but an emulated host
// takes a minute to fill a container's memory.
constexpr auto soon = 2min;

/// One end, as the API tells.
struct End {
  std::string cause;
  std::string signal;
  std::string aftermath;
  std::string evidence;  ///< lines of "source: text"
  bool read_at_end = false;
  double cpu_seconds = 0;
};

std::string text(const rapidjson::Value& object, const char* member) {
  const auto found = object.FindMember(member);
  return found != object.MemberEnd() && found->value.IsString() ? found->value.GetString() : "";
}

End read_end(const rapidjson::Value& json) {
  End end{.cause = text(json, "cause"),
          .signal = text(json, "signal"),
          .aftermath = text(json, "aftermath"),
          .evidence = {}};
  for (const auto& line : json["evidence"].GetArray()) {
    end.evidence += text(line, "source") + ": " + text(line, "text") + "\n";
  }
  const auto use = json.FindMember("use");
  if (use == json.MemberEnd() || !use->value.IsObject()) return end;
  end.read_at_end = use->value["is_final"].GetBool();
  const auto cpu = use->value.FindMember("cpu_seconds");
  if (cpu != use->value.MemberEnd() && cpu->value.IsNumber()) {
    end.cpu_seconds = cpu->value.GetDouble();
  }
  return end;
}

/// The ends of one container, the oldest first.
std::vector<End> ends_of(const DaemonProcess& daemon, const std::string& name) {
  const auto reply = daemon.get("/api/v1/exits?limit=1000&name=" + name);
  REQUIRE(reply.status == 200);
  rapidjson::Document document;
  document.Parse(reply.body.c_str());
  REQUIRE_FALSE(document.HasParseError());
  std::vector<End> ends;
  for (const auto& end : document["exits"].GetArray()) ends.push_back(read_end(end));
  std::ranges::reverse(ends);
  return ends;
}

/// A daemon at default options that watches a real Engine.
class Scene {
 public:
  explicit Scene(const std::string& engine_arguments = {}, std::string address = {})
      : engine_(engine_arguments),
        daemon_(
            {.arguments = {"--pool.socket_path=" + (address.empty() ? engine_.address() : address),
                           "--web.listen_address=127.0.0.1:0"}}) {
    test::wait_until("the Engine is watched", 30s,
                     [&] { return daemon_.page().value("tidegauge_engine_up") == 1; });
  }

  RealEngine& engine() { return engine_; }
  const DaemonProcess& daemon() { return daemon_; }

  /// Waits until the container has ended so often, and returns the last end.
  End end_of(const std::string& name, std::size_t times = 1) {
    std::vector<End> ends;
    test::wait_until("the end of " + name + " is told", soon, [&] {
      ends = ends_of(daemon_, name);
      return ends.size() >= times;
    });
    REQUIRE(ends.size() == times);
    return ends.back();
  }
  /// Its sums on the page agree with the record.
  void check_counts(const std::string& name) {
    std::map<std::string, double> recorded;
    for (const auto& end : ends_of(daemon_, name)) ++recorded[end.cause];
    const auto page = daemon_.page();
    for (const auto* const cause : {"completed", "stopped", "killed", "oom", "host_oom", "signal",
                                    "error", "not_started", "engine", "unknown"}) {
      CAPTURE(name, cause);
      CHECK(page.value("container_exits_total", {{"name", name}, {"cause", cause}}) ==
            recorded[cause]);
    }
  }

  /// Waits until the shell of the container has set its traps: only then it has a child. As PID 1 a
  /// program takes no signal that it has not asked for.
  void wait_for_traps(const std::string& name) {
    const auto pid = std::to_string(pid_of(name));
    test::wait_until("the shell of " + name + " has a child", soon, [&] {
      return !test::read_file("/proc/" + pid + "/task/" + pid + "/children").empty();
    });
  }
  /// As soon as the container's shell takes signals.
  void ask_to_end(const std::string& name, const std::string& verb) {
    wait_for_traps(name);
    post(name, verb);
  }
  void post(const std::string& name, const std::string& verb) {
    engine_.client().expect("POST", "/containers/" + name + "/" + verb);
  }
  [[nodiscard]] int pid_of(const std::string& name) const {
    return test::json_of(engine_, "/containers/" + name + "/json")["State"]["Pid"].GetInt();
  }

 private:
  RealEngine engine_;
  DaemonProcess daemon_;
};

std::string script(const std::string& commands, const std::string& host_config = "{}") {
  return R"({"Cmd": ["sh", "-c", ")" + commands + R"("], "HostConfig": )" + host_config + "}";
}

void run_shell(const std::string& command) {
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
}

bool is_unified() {
  return std::filesystem::exists("/sys/fs/cgroup/cgroup.controllers");
}

/// A cgroup with a memory limit of 32 MiB, for containers to live in: made by the driver of the
/// Engine, systemd's or its own.
class LimitedParent {
 public:
  LimitedParent() {
    if (is_systemd_) {
      run_shell("systemctl set-property --runtime " + name_ + " MemoryMax=32M MemorySwapMax=0");
    } else {
      run_shell("mkdir " + directory_ + " && echo 33554432 > " + directory_ +
                (is_unified() ? "/memory.max" : "/memory.limit_in_bytes"));
    }
  }
  ~LimitedParent() {
    if (is_systemd_) {
      std::ignore = std::system(("systemctl revert " + name_ + " 2>/dev/null").c_str());
    } else {
      std::ignore =
          std::system(("rmdir " + directory_ + "/* " + directory_ + " 2>/dev/null").c_str());
    }
  }
  LimitedParent(const LimitedParent&) = delete;
  LimitedParent& operator=(const LimitedParent&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  const bool is_systemd_ = RealEngine::cgroup_of("x").starts_with("/system.slice");
  const std::string name_ = is_systemd_ ? "tidegaugetest.slice" : "/tidegaugetest";
  const std::string directory_ =
      (is_unified() ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory") + name_;
};

// The shell waits in the background, so that its trap runs at once.
const std::string graceful = script("trap 'exit 0' TERM; sleep 1000 & wait");
const std::string stubborn = script("trap '' TERM; while :; do sleep 1; done");

}  // namespace

TEST_CASE("each end without a request has the cause that its program gave it", "[exits]") {
  Scene scene;
  const auto& engine = scene.engine();
  std::ignore = engine.run("completed", script("exit 0"));
  std::ignore = engine.run("error", script("exit 3"));
  std::ignore = engine.run("not-found", script("no-such-program"));  // code 127, of the shell
  std::ignore = engine.run("strange", script("exit 255"));
  CHECK(scene.end_of("completed").cause == "completed");
  CHECK(scene.end_of("error").cause == "error");
  CHECK(scene.end_of("not-found").cause == "error");
  CHECK(scene.end_of("strange").cause == "error");

  // A first process takes only the signals that it asks for.
  std::ignore = engine.run("crash", script("sleep 1000 & kill -SEGV $!; wait $!"));
  const auto crash = scene.end_of("crash");
  CHECK(crash.cause == "signal");
  CHECK(crash.signal == "SIGSEGV");
  std::ignore = engine.run("victim", R"({"Cmd": ["sleep", "inf"]})");
  REQUIRE(::kill(scene.pid_of("victim"), SIGKILL) == 0);
  CHECK(scene.end_of("victim").cause == "signal");
  for (const auto* const name : {"completed", "error", "not-found", "strange", "crash", "victim"}) {
    scene.check_counts(name);
  }
}

TEST_CASE("a container that the Engine was asked to end says who asked, and how", "[exits]") {
  Scene scene;
  const auto& engine = scene.engine();
  std::ignore = engine.run("graceful", graceful);
  scene.ask_to_end("graceful", "stop?t=10");
  const auto stopped = scene.end_of("graceful");
  CHECK(stopped.cause == "stopped");
  CHECK_THAT(stopped.evidence, test::contains("Engine: stopped\n"));

  std::ignore = engine.run("stubborn", stubborn);
  scene.ask_to_end("stubborn", "stop?t=1");
  const auto forced = scene.end_of("stubborn");
  CHECK(forced.cause == "stopped");
  CHECK_THAT(forced.evidence, test::contains("by SIGKILL after the grace period"));

  std::ignore = engine.run("restarted", graceful);
  scene.ask_to_end("restarted", "restart?t=10");
  const auto restarted = scene.end_of("restarted");
  CHECK(restarted.cause == "stopped");
  test::wait_until("its start is told", soon, [&] {
    return ends_of(scene.daemon(), "restarted").back().aftermath == "restarted";
  });

  for (const auto* const signal : {"KILL", "TERM", "INT", "QUIT", "HUP"}) {
    const auto name = std::string("killed-") + signal;
    std::ignore = engine.run(name, script(std::string("trap 'trap - ") + signal + "; exit 9' " +
                                          signal + "; sleep 1000 & wait"));
    scene.ask_to_end(name, std::string("kill?signal=") + signal);
    const auto killed = scene.end_of(name);
    CAPTURE(name, killed.evidence);
    // SIGHUP asks many programs to read their configuration again: the code does not tell more.
    CHECK(killed.cause == (signal == std::string("HUP") ? "error" : "killed"));
    if (killed.cause == "killed") CHECK(killed.signal == std::string("SIG") + signal);
  }

  std::ignore = engine.run("removed", stubborn);
  engine.remove("removed");
  const auto removed = scene.end_of("removed");
  CHECK(removed.cause == "killed");
  CHECK(removed.aftermath == "removed");

  std::ignore = engine.run("paused", stubborn);
  scene.post("paused", "pause");
  scene.post("paused", "kill");
  CHECK(scene.end_of("paused").cause == "killed");
  for (const auto* const name : {"graceful", "stubborn", "restarted", "removed", "paused"}) {
    scene.check_counts(name);
  }
}

TEST_CASE("a container at its memory limit was killed for memory, and so was its only child",
          "[exits]") {
  Scene scene;
  const auto& engine = scene.engine();
  const std::string limit = R"({"Memory": 16777216, "MemorySwap": 16777216})";
  std::ignore = engine.run("first", script("sleep 1; exec tail /dev/zero", limit));
  const auto first = scene.end_of("first");
  CAPTURE(first.evidence);
  CHECK(first.cause == "oom");
  CHECK(first.signal == "SIGKILL");
  std::ignore = engine.run("child", script("sleep 1; tail /dev/zero", limit));
  const auto child = scene.end_of("child");
  CAPTURE(child.evidence);
  CHECK(child.cause == "oom");

  // A child that dies while its container lives on is no end.
  std::ignore = engine.run("survivor", script("sleep 1; tail /dev/zero; sleep 1000 & wait", limit));
  test::wait_until("the kill is counted", soon, [&] {
    return scene.daemon().page().value("container_oom_events_total", {{"name", "survivor"}}) > 0;
  });
  CHECK(ends_of(scene.daemon(), "survivor").empty());
  const auto explained_until = steady_now() + 1100ms;  // a kill explains an end within a second
  test::wait_until("the kill explains nothing more", soon,
                   [&] { return steady_now() > explained_until; });
  REQUIRE(::kill(scene.pid_of("survivor"), SIGKILL) == 0);
  CHECK(scene.end_of("survivor").cause == "signal");
}

TEST_CASE("a container that an ancestor's memory limit has ended was not at its own", "[exits]") {
  Scene scene;
  const auto& engine = scene.engine();
  const LimitedParent batch;
  std::ignore = engine.run("guest", script("sleep 1; exec tail /dev/zero",
                                           R"({"CgroupParent": ")" + batch.name() + R"("})"));
  const auto guest = scene.end_of("guest");
  CAPTURE(guest.evidence);
  CHECK(guest.cause == "host_oom");
  // cgroup v1 does not tell whose limit it was.
  if (is_unified()) CHECK_THAT(guest.evidence, test::contains("memory limit of /tidegaugetest"));
}

TEST_CASE("a container that cannot be started has the Engine's reason", "[exits]") {
  Scene scene;
  const auto& engine = scene.engine();
  const auto start = [&](const std::string& name) {
    std::ignore = engine.client().request("POST", "/containers/" + name + "/start");
  };
  std::ignore = engine.create("no-file", R"({"Cmd": ["/no/such/file"]})");
  start("no-file");
  const auto failed = scene.end_of("no-file");
  CHECK(failed.cause == "not_started");
  CHECK_THAT(failed.evidence, test::contains("/no/such/file"));
  start("no-file");
  CHECK(scene.end_of("no-file", 2).cause == "not_started");
  std::ignore = engine.create("not-executable", R"({"Cmd": ["/etc"]})");
  start("not-executable");
  CHECK(scene.end_of("not-executable").cause == "not_started");
  std::ignore = engine.create("no-network", R"({"Cmd": ["/no/such/file"],
      "HostConfig": {"NetworkMode": "none"}})");
  start("no-network");
  CHECK(scene.end_of("no-network").cause == "not_started");
  std::ignore = engine.create(
      "no-device", R"({"Cmd": ["true"], "HostConfig": {"Devices": [{"PathOnHost": "/dev/nothing",
      "PathInContainer": "/dev/nothing", "CgroupPermissions": "rwm"}]}})");
  start("no-device");
  CHECK(scene.end_of("no-device").cause == "not_started");
  // One that is merely created has not failed.
  std::ignore = engine.create("patient", R"({"Cmd": ["true"]})");
  // This one the Engine forgets, sooner or later than the daemon asks.
  std::ignore = engine.create("gone", R"({"Cmd": ["/no/such/file"],
      "HostConfig": {"AutoRemove": true}})");
  start("gone");
  const auto gone = scene.end_of("gone");
  CAPTURE(gone.cause);
  CHECK((gone.cause == "unknown" || gone.cause == "not_started"));
  CHECK(ends_of(scene.daemon(), "patient").empty());
  scene.check_counts("no-file");
}

TEST_CASE("what a restart policy does with a container is told with its end", "[exits]") {
  Scene scene;
  std::ignore = scene.engine().run(
      "again", script("sleep 0.2; exit 7",
                      R"({"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 2}})"));
  test::wait_until("the policy has given up", 30s, [&] {
    const auto ends = ends_of(scene.daemon(), "again");
    return ends.size() == 3 && ends.back().aftermath == "gave_up";
  });
  const auto ends = ends_of(scene.daemon(), "again");
  for (const auto& end : ends) CHECK(end.cause == "error");
  CHECK(ends[0].aftermath == "restarted");
  CHECK_THAT(ends[0].evidence, test::contains("restarted by its policy, attempt 1"));
  CHECK_THAT(ends[1].evidence, test::contains("restarted by its policy, attempt 2"));
  scene.check_counts("again");
}

TEST_CASE("a container that ends by itself and is removed at once was not removed by force",
          "[exits]") {
  Scene scene;
  std::ignore = scene.engine().run("job", script("exit 4", R"({"AutoRemove": true})"));
  const auto job = scene.end_of("job");
  CHECK(job.cause == "error");
  CHECK(job.aftermath == "removed");
}

TEST_CASE("containers end with an Engine that is stopped, and with one that was killed",
          "[exits]") {
  Scene scene("--live-restore=false");
  auto& engine = scene.engine();
  std::ignore = engine.run("web", graceful);
  std::ignore = engine.run("slow", stubborn);
  std::ignore = engine.run("failed", script("exit 3"));
  CHECK(scene.end_of("failed").cause == "error");
  for (const auto* const name : {"web", "slow"}) scene.wait_for_traps(name);
  const auto is = [&](int up) {
    return [&scene, up] { return scene.daemon().page().value("tidegauge_engine_up") == up; };
  };
  // One that is back before anybody has missed it looks as if somebody had stopped the containers.
  const auto start_again = [&] {
    test::wait_until("the Engine is missed", 30s, is(0));
    engine.start();
    test::wait_until("the Engine is watched again", 60s, is(1));
  };
  engine.terminate();
  CHECK(scene.end_of("web").cause == "engine");
  CHECK(scene.end_of("slow").cause == "engine");
  start_again();
  scene.post("web", "start");
  scene.ask_to_end("web", "stop?t=10");
  CHECK(scene.end_of("web", 2).cause == "stopped");
  scene.post("web", "start");
  scene.wait_for_traps("web");
  engine.kill();
  start_again();
  const auto third = scene.end_of("web", 3);
  CAPTURE(third.evidence);
  CHECK(third.cause == "engine");
  CHECK(ends_of(scene.daemon(), "failed").size() == 1);
  scene.check_counts("web");
  scene.check_counts("slow");
}

TEST_CASE("containers that outlive their Engine have causes of their own", "[exits]") {
  Scene scene("--live-restore=true");
  auto& engine = scene.engine();
  std::ignore = engine.run("web", graceful);
  std::ignore = engine.run("short", script("sleep 3; exit 5"));
  engine.terminate();
  engine.start();
  test::wait_until("the Engine is watched again", 60s,
                   [&] { return scene.daemon().page().value("tidegauge_engine_up") == 1; });
  const auto end = scene.end_of("short");
  CAPTURE(end.evidence);
  CHECK((end.cause == "error" || end.cause == "unknown"));  // it may end while nobody looks
  scene.ask_to_end("web", "stop?t=10");
  CHECK(scene.end_of("web").cause == "stopped");
}
