// Hundreds of containers of a real Engine end at random in all ways, some twenty at a time, while
// the daemon's stream of events is cut again and again and dockerd is restarted. What the daemon
// tells of each end is held against what was planted. By hand, as it takes minutes:
//
//   engine_tests "[random_ends]"
//
// TIDEGAUGE_TEST_ENDS says how many ends are planted, TIDEGAUGE_TEST_SEED repeats a choice of them.

#include <rapidjson/document.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "support/catch.h"
#include "support/daemon_process.h"
#include "support/engine_json.h"
#include "support/eventually.h"
#include "support/real_engine.h"
#include "support/socket_relay.h"
#include "support/wait_until.h"
#include "tidegauge/util/time.h"
#include "tidegauge/util/timestamp.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::DaemonProcess;
using test::RealEngine;
using test::SocketRelay;

namespace {

constexpr std::size_t engine_restarts = 5;
constexpr std::size_t lives_at_a_time = 24;
constexpr auto step_limit = 120s;  // of one step of one life, on a busy machine

std::size_t number_from(const char* variable, std::size_t usual) {
  const auto* const text = std::getenv(variable);
  return text == nullptr ? usual : std::stoul(text);
}

// --- what is planted ----------------------------------------------------------------------------

/// One end, and what the daemon must say of it.
struct Planted {
  std::string cause;
  std::string signal{};           ///< empty: any
  std::set<std::string> or_as{};  ///< causes that are right as well, as nobody can tell
  std::optional<WallTime> at{};   ///< where the Engine does not tell the time
};

/// Lets many threads act on the Engine, but none while the Engine is being restarted.
class Gate {
 public:
  class Act {
   public:
    explicit Act(Gate& gate) : gate_(gate) {
      std::unique_lock lock(gate_.mutex_);
      gate_.changed_.wait(lock, [&] { return !gate_.closed_; });
      ++gate_.acts_;
    }
    ~Act() {
      const std::scoped_lock lock(gate_.mutex_);
      --gate_.acts_;
      gate_.changed_.notify_all();
    }
    Act(const Act&) = delete;
    Act& operator=(const Act&) = delete;

   private:
    Gate& gate_;
  };

  void close() {
    std::unique_lock lock(mutex_);
    closed_ = true;
    changed_.wait(lock, [&] { return acts_ == 0; });
    closed_at_.push_back(wall_now());
  }
  void open() {
    const std::scoped_lock lock(mutex_);
    closed_ = false;
    changed_.notify_all();
  }

  /// When it was closed, each time.
  [[nodiscard]] std::vector<WallTime> closings() const {
    const std::scoped_lock lock(mutex_);
    return closed_at_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool closed_ = false;
  int acts_ = 0;
  std::vector<WallTime> closed_at_;
};

std::string script(const std::string& commands, const std::string& host_config = "{}") {
  return R"({"Cmd": ["sh", "-c", ")" + commands + R"("], "HostConfig": )" + host_config + "}";
}

const std::string small_memory = R"({"Memory": 16777216, "MemorySwap": 16777216})";
// The shell waits in the background, so that its trap runs at once.
const std::string graceful = script("trap 'exit 0' TERM; echo ready; sleep 1000 & wait");
const std::string stubborn = script("trap '' TERM; echo ready; while :; do sleep 1; done");

/// One container, from its creation to its last end. Between two acts the Engine may be restarted.
class Life {
 public:
  Life(const RealEngine& engine, Gate& gate, std::string name, std::uint32_t seed)
      : engine_(engine), name_(std::move(name)), random_(seed), gate_(gate) {}

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::vector<Planted>& planted() const { return planted_; }

  // --- one for each kind ------------------------------------------------------------------------

  void is_stopped() {
    begin(graceful);
    if (survives()) stop("stop?t=10");
  }
  void is_stopped_by_force() {
    begin(stubborn);
    if (survives()) stop("stop?t=1");
  }
  void is_killed() {
    const auto [signal, number] = pick<std::pair<std::string, int>>({{"KILL", SIGKILL},
                                                                     {"TERM", SIGTERM},
                                                                     {"INT", SIGINT},
                                                                     {"QUIT", SIGQUIT},
                                                                     {"ABRT", SIGABRT}});
    const auto code = pick<int>({0, 9, 128 + number});
    begin(script("trap 'exit " + std::to_string(code) +
                 "' TERM INT QUIT ABRT; echo ready; sleep 1000 & wait"));
    if (!survives()) return;
    if (random_() % 4 == 0 && signal == "KILL") engine_.command(name_, "pause");
    engine_.command(name_, "kill?signal=" + signal);
    await("it has ended", [&] { return !is_running(); });
    plant({.cause = "killed", .signal = "SIG" + signal});
  }
  void is_removed_by_force() {
    begin(stubborn);
    if (!survives()) return;
    remove();
    plant({.cause = "killed", .signal = "SIGKILL"});
  }
  void runs_out_of_memory() {
    ends_by_itself(script("sleep " + some_time() + "; exec tail /dev/zero", small_memory),
                   {.cause = "oom", .signal = "SIGKILL"});
  }
  void has_a_child_that_runs_out_of_memory() {
    ends_by_itself(script("sleep " + some_time() + "; tail /dev/zero", small_memory),
                   {.cause = "oom", .signal = "SIGKILL"});
  }
  void outlives_a_child_that_runs_out_of_memory() {
    ends_by_itself(
        script("sleep " + some_time() + "; tail /dev/zero; sleep 2; exit 5", small_memory),
        {.cause = "error"});
  }
  void exits() {
    const auto code = pick<int>({0, 1, 3, 42, 124, 127, 255});
    ends_by_itself(script("sleep " + some_time() + "; exit " + std::to_string(code)),
                   {.cause = code == 0 ? "completed" : "error"});
  }
  void exits_and_is_gone() {
    ends_by_itself(script("sleep " + some_time() + "; exit 4", R"({"AutoRemove": true})"),
                   {.cause = "error"});
  }
  void crashes() {
    const auto* const signal = pick<const char*>({"SEGV", "ABRT"});
    ends_by_itself(script("sleep " + some_time() + "; sleep 1000 & kill -" + std::string(signal) +
                          " $!; wait $!"),
                   {.cause = "signal", .signal = "SIG" + std::string(signal)});
  }
  void is_killed_by_the_host() {
    begin(stubborn);
    if (!survives()) return;
    if (::kill(state("Pid").GetInt(), SIGKILL) != 0) throw std::runtime_error("no process");
    await("it has ended", [&] { return !is_running(); });
    plant({.cause = "signal", .signal = "SIGKILL"});
  }
  void cannot_start() {
    const auto* const what =
        pick<const char*>({R"({"Cmd": ["/no/such/file"]})", R"({"Cmd": ["/etc"]})",
                           R"({"Cmd": ["/no/such/file"], "HostConfig": {"NetworkMode": "none"}})",
                           R"({"Cmd": ["/no/such/file"], "HostConfig": {"AutoRemove": true}})"});
    act_.emplace(gate_);
    std::ignore = engine_.create(name_, what);
    const auto reply = engine_.client().request("POST", "/containers/" + name_ + "/start");
    if (reply.status < 400) throw std::runtime_error("it has started");
    Planted end{.cause = "not_started", .at = wall_now()};
    if (std::string_view(what).contains("AutoRemove")) end.or_as = {"unknown"};  // it is forgotten
    is_gone_ = true;  // or to be asked about
    plant(std::move(end));
  }
  void is_restarted() {
    begin(graceful);
    if (!survives()) return;
    stop("restart?t=10");
    await_words();
    if (!survives()) return;
    engine_.command(name_, "kill");
    plant({.cause = "killed", .signal = "SIGKILL"});
  }
  void is_restarted_on_failure() {
    const auto attempts = pick<int>({1, 2, 3});
    begin(script("sleep 0.2; exit 7",
                 R"({"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": )" +
                     std::to_string(attempts) + "}}"),
          Words::none);
    await("the policy gives up",
          [&] { return restart_count() == attempts && state("Status") == "exited"; });
    for (int end = 0; end <= attempts; ++end) plant({.cause = "error"});
  }
  void is_restarted_always() {
    begin(
        script("if test ! -e /a; then echo > /a; exit 7; fi; "
               "if test ! -e /b; then echo > /b; exit 8; fi; "
               "trap 'exit 0' TERM; echo ready; sleep 1000 & wait",
               R"({"RestartPolicy": {"Name": "always"}})"));
    plant({.cause = "error"});
    plant({.cause = "error"});
    for (auto ended = let_live(); ended > 0; ended = let_live()) {
      for (; ended > 0; --ended) plant({.cause = "engine"});
      await("it is restarted", [&] { return is_running(); });
    }
    stop("stop?t=10");
  }

  /// Half of the containers are removed once they have ended.
  void end() {
    if (!is_gone_ && random_() % 2 == 0) remove();
    act_.reset();
  }

 private:
  enum class Words : std::uint8_t { none, ready };

  void begin(const std::string& spec, Words words = Words::ready) {
    act_.emplace(gate_);
    closings_ = gate_.closings().size();
    std::ignore = engine_.run(name_, spec);
    if (words == Words::ready) await_words();
  }
  /// Until the container says that it has set its traps.
  void await_words() {
    await("it is ready", [&] {
      return engine_.client()
          .body_of("GET", "/containers/" + name_ + "/logs?stdout=1")
          .contains("ready");
    });
  }

  /// Lets it run for a while. Returns how often the Engine has ended meanwhile.
  std::size_t let_live() {
    const auto before = gate_.closings().size();
    act_.reset();
    std::this_thread::sleep_for(random_() % 1500 * 1ms);
    act_.emplace(gate_);
    return gate_.closings().size() - before;
  }
  /// False: it has ended with the Engine.
  bool survives() {
    if (let_live() == 0) return true;
    plant({.cause = "engine"});
    return false;
  }

  void stop(const std::string& how) {
    engine_.command(name_, how);
    plant({.cause = "stopped"});
  }

  /// An Engine that is restarted meanwhile may be what has ended it.
  void ends_by_itself(const std::string& spec, Planted end) {
    begin(spec, Words::none);
    act_.reset();
    std::optional<WallTime> ended_at;
    await("it has ended", [&] { return has_ended(ended_at); });
    act_.emplace(gate_);
    const auto closings = gate_.closings();
    if (closings.size() > closings_ && (!ended_at || *ended_at >= closings[closings_])) {
      end.or_as = {"engine"};
    }
    plant(std::move(end));
  }
  /// While the Engine does not answer, this is not known.
  bool has_ended(std::optional<WallTime>& ended_at) {
    try {
      const auto reply = engine_.client().request("GET", "/containers/" + name_ + "/json");
      is_gone_ = reply.status == 404;
      if (is_gone_) return true;
      rapidjson::Document container;
      container.Parse(reply.body.c_str());
      if (reply.status != 200 || container["State"]["Status"] != "exited") return false;
      ended_at = parse_timestamp(container["State"]["FinishedAt"].GetString());
    } catch (const std::exception&) {
      return false;
    }
    return true;
  }

  void remove() {
    engine_.remove(name_);
    is_gone_ = true;
  }
  [[nodiscard]] bool is_running() { return state("Running").GetBool(); }
  [[nodiscard]] const rapidjson::Value& state(const char* member) {
    container_ = test::json_of(engine_, "/containers/" + name_ + "/json");
    return container_["State"][member];
  }
  [[nodiscard]] int restart_count() {
    container_ = test::json_of(engine_, "/containers/" + name_ + "/json");
    return container_["RestartCount"].GetInt();
  }
  void await(const std::string& what, const std::function<bool()>& condition) {
    const auto deadline = steady_now() + step_limit;
    while (!condition()) {
      if (steady_now() > deadline) throw std::runtime_error("waited in vain until " + what);
      std::this_thread::sleep_for(200ms);  // twenty others ask the Engine as well
    }
  }
  void plant(Planted end) { planted_.push_back(std::move(end)); }
  std::string some_time() { return "0." + std::to_string(1 + random_() % 9); }
  template <class Value>
  Value pick(const std::vector<Value>& all) {
    return all[random_() % all.size()];
  }

  const RealEngine& engine_;
  const std::string name_;
  std::mt19937 random_;
  Gate& gate_;
  std::optional<Gate::Act> act_;
  std::size_t closings_ = 0;  ///< of the gate, at the beginning
  bool is_gone_ = false;
  rapidjson::Document container_;
  std::vector<Planted> planted_;
};

struct Kind {
  std::string_view name;
  void (Life::*live)();
};
constexpr std::array kinds{
    Kind{"stop within grace", &Life::is_stopped},
    Kind{"stop beyond grace", &Life::is_stopped_by_force},
    Kind{"kill", &Life::is_killed},
    Kind{"removal by force", &Life::is_removed_by_force},
    Kind{"OOM of the first process", &Life::runs_out_of_memory},
    Kind{"OOM of a child", &Life::has_a_child_that_runs_out_of_memory},
    Kind{"OOM of a child, outlived", &Life::outlives_a_child_that_runs_out_of_memory},
    Kind{"exit code", &Life::exits},
    Kind{"exit code and --rm", &Life::exits_and_is_gone},
    Kind{"crash", &Life::crashes},
    Kind{"kill by the host", &Life::is_killed_by_the_host},
    Kind{"not startable", &Life::cannot_start},
    Kind{"docker restart", &Life::is_restarted},
    Kind{"policy on-failure", &Life::is_restarted_on_failure},
    Kind{"policy always", &Life::is_restarted_always},
};

/// Lives one life after another in each of its threads, until enough ends are planted.
class Lives {
 public:
  Lives(const RealEngine& engine, std::size_t ends, std::uint32_t seed)
      : engine_(engine), ends_(ends), seed_(seed) {
    for (std::size_t i = 0; i < lives_at_a_time; ++i) threads_.emplace_back([this] { run(); });
  }

  struct Lived {
    std::string name;
    std::string_view kind;
    std::vector<Planted> planted;
  };

  [[nodiscard]] std::size_t planted() const { return planted_; }
  [[nodiscard]] bool is_over() const { return running_ == 0; }
  Gate& gate() { return gate_; }
  /// Begins no other life.
  void finish() { ends_ = 0; }
  std::vector<Lived> join() {
    threads_.clear();
    return std::move(lived_);
  }
  /// What has gone wrong with the Engine.
  [[nodiscard]] const std::string& failures() const { return failures_; }

 private:
  void run() {
    while (planted_ < ends_) live(next_++);
    --running_;
  }
  /// Each kind as often as the others, in an order of chance.
  void live(std::uint32_t number) {
    std::mt19937 round(seed_ + number / kinds.size());
    auto order = kinds;
    std::ranges::shuffle(order, round);
    const auto& kind = order.at(number % kinds.size());
    Life life(engine_, gate_, "end-" + std::to_string(number), seed_ + number);
    std::string failure;
    try {
      (life.*kind.live)();
      life.end();
    } catch (const std::exception& error) {
      failure = life.name() + " (" + std::string(kind.name) + "): " + error.what() + "\n";
    }
    planted_ += life.planted().size();
    const std::scoped_lock lock(mutex_);
    lived_.push_back({.name = life.name(), .kind = kind.name, .planted = life.planted()});
    failures_ += failure;
  }

  const RealEngine& engine_;
  std::atomic<std::size_t> ends_;
  const std::uint32_t seed_;
  Gate gate_;
  std::atomic<std::uint32_t> next_ = 0;
  std::atomic<std::size_t> planted_ = 0;
  std::atomic<std::size_t> running_ = lives_at_a_time;
  std::mutex mutex_;
  std::vector<Lived> lived_;
  std::string failures_;
  std::vector<std::jthread> threads_;
};

// --- what the daemon tells ----------------------------------------------------------------------

/// One end, as the API tells.
struct Told {
  std::string name;
  std::string cause;
  std::string signal;
  WallTime ended_at{};
  std::string evidence;
};

std::string text(const rapidjson::Value& object, const char* member) {
  const auto found = object.FindMember(member);
  return found != object.MemberEnd() && found->value.IsString() ? found->value.GetString() : "";
}

Told read_end(const rapidjson::Value& json) {
  Told end{.name = text(json, "name"),
           .cause = text(json, "cause"),
           .signal = text(json, "signal"),
           .ended_at = parse_timestamp(text(json, "ended_at")).value_or(WallTime{}),
           .evidence = {}};
  for (const auto& line : json["evidence"].GetArray()) {
    end.evidence +=
        "    " + text(line, "at") + " " + text(line, "source") + ": " + text(line, "text") + "\n";
  }
  return end;
}

/// By number.
std::map<std::uint64_t, Told> exits_of(const DaemonProcess& daemon, const std::string& query) {
  const auto reply = daemon.get("/api/v1/exits?limit=1000" + query);
  if (reply.status != 200) throw std::runtime_error(reply.head);
  rapidjson::Document document;
  document.Parse(reply.body.c_str());
  std::map<std::uint64_t, Told> ends;
  for (const auto& end : document["exits"].GetArray()) {
    ends.emplace(end["number"].GetUint64(), read_end(end));
  }
  return ends;
}

using Counts = std::map<std::string, std::map<std::string, double>>;  ///< by name and cause

/// container_exits_total; what is 0 is left out. The whole page is too long to read it often.
Counts counts_on(std::string_view page) {
  constexpr std::string_view metric = "container_exits_total{";
  Counts counts;
  for (auto at = page.find(metric); at != std::string_view::npos; at = page.find(metric, at)) {
    const auto line = page.substr(at, page.find('\n', at) - at);
    at += metric.size();
    const auto label = [&](std::string_view key) {
      const auto begin = line.find(key) + key.size();
      return std::string(line.substr(begin, line.find('"', begin) - begin));
    };
    const auto value = std::stod(std::string(line.substr(line.rfind(' '))));
    if (value > 0) counts[label("name=\"")][label("cause=\"")] = value;
  }
  return counts;
}

/// Notes when the daemon tells of which end.
class Watcher {
 public:
  explicit Watcher(const DaemonProcess& daemon) : daemon_(daemon) {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  void finish() {
    thread_.request_stop();
    thread_.join();
  }

  struct First {
    WallTime at{};
    std::string cause;
  };
  /// Of each end in /api/v1/exits, by its number.
  [[nodiscard]] const std::map<std::uint64_t, First>& told() const { return told_; }
  /// Of each end on the page, by the name of its container.
  [[nodiscard]] const std::map<std::string, std::vector<WallTime>>& counted() const {
    return counted_;
  }
  /// Why it has stopped before it was told to; empty: it has not.
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  void run(const std::stop_token& stop) {
    try {
      for (int round = 0; !stop.stop_requested(); ++round) {
        look_at_exits();
        if (round % 3 == 0) look_at_page();
        std::this_thread::sleep_for(50ms);
      }
    } catch (const std::exception& error) {
      failure_ = error.what();
    }
  }
  void look_at_exits() {
    const auto since = to_rfc3339(wall_now() - 3min, Decimals::milliseconds);
    const auto ends = exits_of(daemon_, "&since=" + since);
    for (const auto& [number, end] : ends) {
      told_.try_emplace(number, First{.at = wall_now(), .cause = end.cause});
    }
  }
  void look_at_page() {
    const auto counts = counts_on(daemon_.page_text());
    for (const auto& [name, causes] : counts) {
      double sum = 0;
      for (const auto& [cause, count] : causes) sum += count;
      auto& times = counted_[name];
      while (static_cast<double>(times.size()) < sum) times.push_back(wall_now());
    }
  }

  const DaemonProcess& daemon_;
  std::map<std::uint64_t, First> told_;
  std::map<std::string, std::vector<WallTime>> counted_;
  std::string failure_;
  std::jthread thread_;
};

// --- the one against the other ------------------------------------------------------------------

/// How long it has taken until ends were told, in ms.
class Delays {
 public:
  void add(std::chrono::nanoseconds delay) { all_.push_back(to_seconds(delay) * 1000); }
  [[nodiscard]] std::string text() {
    if (all_.empty()) return "none";
    std::ranges::sort(all_);
    const auto at = [&](double part) {
      const auto last = static_cast<double>(all_.size() - 1);
      return std::to_string(static_cast<int>(all_[static_cast<std::size_t>(part * last)]));
    };
    return std::to_string(all_.size()) + " ends, p50 " + at(0.5) + " ms, p99 " + at(0.99) +
           " ms, max " + at(1) + " ms";
  }

 private:
  std::vector<double> all_;
};

class Comparison {
 public:
  Comparison(const DaemonProcess& daemon, const Watcher& watcher, std::vector<WallTime> restarts)
      : watcher_(watcher), restarts_(std::move(restarts)), counts_(counts_on(daemon.page_text())) {
    for (auto& [number, end] : exits_of(daemon, "")) told_[end.name].emplace_back(number, end);
  }

  void add(const Lives::Lived& life) {
    const auto& told = told_[life.name];
    bool right = told.size() == life.planted.size();
    for (std::size_t i = 0; right && i < told.size(); ++i)
      right = is(told[i].second, life.planted[i]);
    if (!right) errors_ += text_of(life);
    if (right) add_delays(life);
    std::map<std::string, double> recorded;
    for (const auto& [number, end] : told) {
      ++causes_[end.cause];
      // What was counted is not counted anew when later evidence corrects the record.
      const auto first = watcher_.told().find(number);
      const bool corrected = first != watcher_.told().end() && first->second.cause != end.cause;
      if (corrected)
        corrections_ +=
            life.name + ": " + first->second.cause + ", then " + end.cause + "\n" + end.evidence;
      ++recorded[corrected ? first->second.cause : end.cause];
    }
    if (counts_[life.name] != recorded) errors_ += "counted otherwise: " + text_of(life);
  }

  [[nodiscard]] const std::string& errors() const { return errors_; }
  void print(std::ostream& out) {
    for (const auto& [cause, count] : causes_) out << cause << ": " << count << "\n";
    out << "right, as nobody can tell:\n" << undecidable_;
    out << "corrected:\n" << corrections_;
    for (auto& [what, delays] : delays_) out << what << ": " << delays.text() << "\n";
  }

 private:
  bool is(const Told& told, const Planted& planted) {
    if (planted.or_as.contains(told.cause) || is_at_restart(told)) {
      undecidable_ += told.name + ": " + told.cause + ", planted: " + planted.cause + "\n";
      return true;
    }
    const bool signal_is_right = planted.signal.empty() || told.signal == planted.signal;
    return told.cause == planted.cause && signal_is_right;
  }
  /// An Engine that ends stops its containers as if it were asked to.
  [[nodiscard]] bool is_at_restart(const Told& told) const {
    return told.cause == "engine" && std::ranges::any_of(restarts_, [&](WallTime at) {
             return told.ended_at <= at && told.ended_at > at - 1s;
           });
  }
  void add_delays(const Lives::Lived& life) {
    const auto& told = told_[life.name];
    const auto counted = watcher_.counted().find(life.name);
    for (std::size_t i = 0; i < told.size(); ++i) {
      const auto& [number, end] = told[i];
      const auto ended_at = life.planted[i].at.value_or(end.ended_at);
      const auto group = end.cause == "engine" || end.cause == "not_started" ? end.cause : "others";
      const auto first = watcher_.told().find(number);
      if (first != watcher_.told().end()) delays_["API, " + group].add(first->second.at - ended_at);
      if (counted != watcher_.counted().end() && i < counted->second.size()) {
        delays_["page, " + group].add(counted->second[i] - ended_at);
      }
    }
  }
  std::string text_of(const Lives::Lived& life) {
    auto text = life.name + " (" + std::string(life.kind) + "), planted:";
    for (const auto& end : life.planted) text += " " + end.cause + " " + end.signal;
    text += "; told:\n";
    for (const auto& [number, end] : told_[life.name]) {
      const auto first = watcher_.told().find(number);
      text += "  " + end.cause + " " + end.signal;
      if (first != watcher_.told().end()) text += ", at first " + first->second.cause;
      text += "\n" + end.evidence;
    }
    for (const auto& [cause, count] : counts_[life.name]) {
      text += "  on the page: " + cause + " " + std::to_string(count) + "\n";
    }
    return text;
  }

  const Watcher& watcher_;
  const std::vector<WallTime> restarts_;  ///< when they began
  Counts counts_;
  std::map<std::string, std::vector<std::pair<std::uint64_t, Told>>> told_;
  std::string errors_;
  std::string undecidable_;
  std::string corrections_;
  std::map<std::string, double> causes_;
  std::map<std::string, Delays> delays_;
};

/// Cuts the streams of events, again and again.
std::jthread cut_again_and_again(SocketRelay& relay, std::uint32_t seed) {
  return std::jthread([&relay, random = std::mt19937(seed)](const std::stop_token& stop) mutable {
    while (!stop.stop_requested()) {
      std::this_thread::sleep_for((300 + random() % 2700) * 1ms);
      relay.cut_event_streams();
    }
  });
}

/// In turn as `systemctl restart docker` does and by SIGKILL, at even distances.
void restart_again_and_again(RealEngine& engine, Lives& lives, std::size_t ends) {
  for (std::size_t restart = 1; restart <= engine_restarts; ++restart) {
    const auto enough = restart * ends / (engine_restarts + 1);
    test::wait_until("more has happened", 30min,
                     [&] { return lives.is_over() || lives.planted() >= enough; });
    lives.gate().close();
    if (restart % 2 == 0) {
      engine.kill();
    } else {
      engine.terminate();
    }
    engine.start();
    lives.gate().open();
  }
}

}  // namespace

TEST_CASE(
    "of 500 random ends each has its cause, though the events are cut again and again and "
    "dockerd is restarted",
    "[.][random_ends]") {
  const auto ends = number_from("TIDEGAUGE_TEST_ENDS", 500);
  const auto seed =
      static_cast<std::uint32_t>(number_from("TIDEGAUGE_TEST_SEED", std::random_device{}()));
  std::cout << "seed " << seed << std::endl;
  RealEngine engine("--live-restore=false");
  const auto relay_path = (engine.directory() / "relay.sock").string();
  SocketRelay relay(relay_path, engine.socket_path());
  const DaemonProcess daemon({.arguments = {"--pool.socket_path=" + relay_path}});
  test::wait_until("the Engine is watched", 30s,
                   [&] { return daemon.page().value("tidegauge_engine_up") == 1; });
  Watcher watcher(daemon);
  Lives lives(engine, ends, seed);
  {
    const auto cutter = cut_again_and_again(relay, seed);
    try {
      restart_again_and_again(engine, lives, ends);
    } catch (...) {
      lives.gate().open();
      lives.finish();
      throw;
    }
    const auto lived = lives.join();
    // What is not told by then never will be.
    std::ignore = test::eventually(
        [&] {
          std::size_t told = 0;
          for (const auto& [name, causes] : counts_on(daemon.page_text())) {
            for (const auto& [cause, count] : causes) told += static_cast<std::size_t>(count);
          }
          return told >= lives.planted();
        },
        20s);
    watcher.finish();
    Comparison comparison(daemon, watcher, lives.gate().closings());
    for (const auto& life : lived) comparison.add(life);
    comparison.print(std::cout);
    if (!comparison.errors().empty()) std::cout << daemon.log();
    CHECK(comparison.errors() == "");
    CHECK(lives.failures() == "");
    CHECK(watcher.failure() == "");
  }
}
