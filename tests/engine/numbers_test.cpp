// The numbers of one cycle, held against the Engine's own answers and the kernel's files, read just
// before and just after it: counters lie between, what holds still is the same.

#include <rapidjson/document.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "support/catch.h"
#include "support/daemon_process.h"
#include "support/engine_json.h"
#include "support/engine_states.h"
#include "support/kernel_files.h"
#include "support/page.h"
#include "support/real_engine.h"
#include "support/wait_until.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::Approx;
using test::json_of;
using test::Labels;
using test::Page;
using test::RealEngine;

namespace {

constexpr double mebibyte = 1 << 20;
constexpr double memory_tolerance = mebibyte;

/// Four processes, 20 MiB of shared memory, and 10 MiB of a file in the page cache.
constexpr auto still_spec = R"({
  "Cmd": ["sh", "-c", "dd if=/dev/zero of=/dev/shm/memory bs=1M count=20; dd if=/dev/zero of=/file bs=1M count=10 conv=fsync; sleep inf & sleep inf & sleep inf & wait"]
})";

struct Device {
  std::string major;
  std::string minor;
  std::string operation;
  friend auto operator<=>(const Device&, const Device&) = default;
};

/// What the Engine says of a container's use.
struct EngineNumbers {
  double cpu_seconds = 0;
  double user_seconds = 0;
  double system_seconds = 0;
  double periods = 0;
  double throttled_seconds = 0;
  double memory_usage = 0;
  double working_set = 0;
  double processes = 0;
  double received = 0;
  double sent = 0;
  std::map<Device, double> block_io;
};

std::map<Device, double> block_io(const rapidjson::Value& rows) {
  std::map<Device, double> bytes;
  if (!rows.IsArray()) return bytes;
  for (const auto& row : rows.GetArray()) {
    std::string operation = row["op"].GetString();
    if (operation == "read") operation = "Read";  // cgroup v2
    if (operation == "write") operation = "Write";
    if (operation != "Read" && operation != "Write") continue;
    bytes[{std::to_string(row["major"].GetUint()), std::to_string(row["minor"].GetUint()),
           operation}] = row["value"].GetDouble();
  }
  return bytes;
}

EngineNumbers engine_numbers(const RealEngine& engine, const std::string& container) {
  constexpr double nanosecond = 1e-9;
  const auto stats =
      json_of(engine, "/containers/" + container + "/stats?stream=false&one-shot=true");
  const auto& cpu = stats["cpu_stats"];
  const auto& memory = stats["memory_stats"];
  const auto& detail = memory["stats"];
  const auto* const inactive =
      detail.HasMember("total_inactive_file") ? "total_inactive_file" : "inactive_file";
  const auto& network = stats["networks"]["eth0"];
  return {.cpu_seconds = cpu["cpu_usage"]["total_usage"].GetDouble() * nanosecond,
          .user_seconds = cpu["cpu_usage"]["usage_in_usermode"].GetDouble() * nanosecond,
          .system_seconds = cpu["cpu_usage"]["usage_in_kernelmode"].GetDouble() * nanosecond,
          .periods = cpu["throttling_data"]["periods"].GetDouble(),
          .throttled_seconds = cpu["throttling_data"]["throttled_time"].GetDouble() * nanosecond,
          .memory_usage = memory["usage"].GetDouble(),
          .working_set = memory["usage"].GetDouble() - detail[inactive].GetDouble(),
          .processes = stats["pids_stats"]["current"].GetDouble(),
          .received = network["rx_bytes"].GetDouble(),
          .sent = network["tx_bytes"].GetDouble(),
          .block_io = block_io(stats["blkio_stats"]["io_service_bytes_recursive"])};
}

/// A container at one moment, by both who know.
struct Moment {
  EngineNumbers engine;
  test::KernelNumbers kernel;
  test::InterfaceBytes network;
};

Moment now(const RealEngine& engine, const std::string& id) {
  const auto inspected = json_of(engine, "/containers/" + id + "/json");
  return {.engine = engine_numbers(engine, id),
          .kernel = test::read_kernel_numbers(RealEngine::cgroup_of(id)),
          .network = test::read_interface_bytes(inspected["State"]["Pid"].GetInt(), "eth0")};
}

/// What one page says of one container.
class Shown {
 public:
  Shown(const Page& page, const std::string& id) : page_(page), id_(RealEngine::cgroup_of(id)) {}

  double operator()(std::string_view metric, Labels labels = {}) const {
    labels["id"] = id_;
    const auto value = page_.value(metric, labels);
    INFO(metric);
    REQUIRE(value);
    return *value;
  }
  [[nodiscard]] bool has(std::string_view metric) const {
    return page_.count(metric, {{"id", id_}}) > 0;
  }

 private:
  const Page& page_;
  std::string id_;
};

/// But for what is lost in turning micro- and nanoseconds into seconds.
void check_between(std::string_view what, double before, double shown, double after) {
  constexpr double rounding = 1e-9;
  INFO(what);
  CHECK(before <= shown + rounding);
  CHECK(shown <= after + rounding);
}

void check_counters(const Shown& shown, const EngineNumbers& before, const EngineNumbers& after) {
  const auto between = [&](std::string_view metric, double EngineNumbers::* number,
                           const Labels& labels = {}) {
    check_between(metric, before.*number, shown(metric, labels), after.*number);
  };
  between("container_cpu_usage_seconds_total", &EngineNumbers::cpu_seconds);
  between("container_cpu_user_seconds_total", &EngineNumbers::user_seconds);
  between("container_cpu_system_seconds_total", &EngineNumbers::system_seconds);
  const Labels eth0{{"interface", "eth0"}};
  between("container_network_receive_bytes_total", &EngineNumbers::received, eth0);
  between("container_network_transmit_bytes_total", &EngineNumbers::sent, eth0);
}

void check_throttling(const Shown& shown, const EngineNumbers& before, const EngineNumbers& after) {
  check_between("periods", before.periods, shown("container_cpu_cfs_periods_total"), after.periods);
  check_between("throttled time", before.throttled_seconds,
                shown("container_cpu_cfs_throttled_seconds_total"), after.throttled_seconds);
}

void check_block_io(const Shown& shown, const EngineNumbers& before, const EngineNumbers& after) {
  CHECK_FALSE(before.block_io.empty());
  for (const auto& [device, bytes] : before.block_io) {
    check_between(
        "block I/O", bytes,
        shown("container_blkio_device_usage_total",
              {{"major", device.major}, {"minor", device.minor}, {"operation", device.operation}}),
        after.block_io.at(device));
  }
}

void check_against_kernel(const Shown& shown, const Moment& before, const Moment& after) {
  check_between("cpuacct.usage", before.kernel.cpu_seconds,
                shown("container_cpu_usage_seconds_total"), after.kernel.cpu_seconds);
  const auto number = [](std::uint64_t bytes) { return static_cast<double>(bytes); };
  check_between("received, by /proc/PID/net/dev", number(before.network.received),
                shown("container_network_receive_bytes_total", {{"interface", "eth0"}}),
                number(after.network.received));
  check_between("sent, by /proc/PID/net/dev", number(before.network.sent),
                shown("container_network_transmit_bytes_total", {{"interface", "eth0"}}),
                number(after.network.sent));
}

void check_limits(const Shown& shown, const rapidjson::Value& host) {
  CHECK(shown("container_spec_memory_limit_bytes") == host["Memory"].GetDouble());
  CHECK(shown("container_spec_cpu_quota") == host["CpuQuota"].GetDouble());
  CHECK(shown("container_spec_cpu_period") == host["CpuPeriod"].GetDouble());
  CHECK(shown("container_pids_limit") == host["PidsLimit"].GetDouble());
}

void check_still_memory(const Shown& shown, const Moment& moment) {
  const auto& kernel = moment.kernel;
  const auto same = [](double value) { return Approx(value).epsilon(0).margin(memory_tolerance); };
  const auto usage = shown("container_memory_usage_bytes");
  CHECK(usage == same(moment.engine.memory_usage));
  CHECK(usage == same(static_cast<double>(kernel.memory_usage_bytes)));
  const auto working_set = shown("container_memory_working_set_bytes");
  CHECK(working_set == same(moment.engine.working_set));
  CHECK(working_set ==
        same(static_cast<double>(kernel.memory_usage_bytes - kernel.inactive_file_bytes)));
  CHECK(shown("container_pids") == moment.engine.processes);
  CHECK(shown("container_pids") == static_cast<double>(kernel.processes));
}

bool has_used_everything(const EngineNumbers& numbers) {
  return numbers.cpu_seconds > 0 && numbers.user_seconds > 0 && numbers.system_seconds > 0 &&
         numbers.periods > 0 && numbers.received > 0 && numbers.sent > 0 &&
         !numbers.block_io.empty();
}

Page page_of_one_cycle(const RealEngine& engine) {
  return Page(test::page_of_one_cycle(engine.address()));
}

}  // namespace

TEST_CASE("the numbers of a busy container are the Engine's and the kernel's", "[numbers]") {
  const RealEngine engine;
  const auto web = test::run_web(engine);
  test::wait_until("web has used everything", 30s,
                   [&] { return has_used_everything(engine_numbers(engine, web)); });

  const auto before = now(engine, web);
  const auto page = page_of_one_cycle(engine);
  // It sleeps now and then: without progress the two readings would bound nothing.
  test::wait_until("web has used the CPU again", 30s, [&] {
    return engine_numbers(engine, web).cpu_seconds > before.engine.cpu_seconds;
  });
  const auto after = now(engine, web);
  const Shown shown(page, web);

  check_counters(shown, before.engine, after.engine);
  check_throttling(shown, before.engine, after.engine);
  check_block_io(shown, before.engine, after.engine);
  check_against_kernel(shown, before, after);
  check_limits(shown, json_of(engine, "/containers/web/json")["HostConfig"]);
}

TEST_CASE("the numbers of a container that holds still are the Engine's and the kernel's",
          "[numbers]") {
  const RealEngine engine;
  const auto still = engine.run("still", still_spec);
  // The processes are there before they have begun to sleep: it has, when looks one after another
  // find no more CPU time used.
  double used = -1;
  int looks_alike = 0;
  test::wait_until("the container holds still", 30s, [&] {
    const auto numbers = test::read_kernel_numbers(RealEngine::cgroup_of(still));
    looks_alike = numbers.cpu_seconds == used ? looks_alike + 1 : 0;
    used = numbers.cpu_seconds;
    return numbers.processes == 4 && looks_alike >= 25;
  });

  const auto before = now(engine, still);
  const auto page = page_of_one_cycle(engine);
  const auto after = now(engine, still);
  const Shown shown(page, still);

  CHECK(shown("container_memory_usage_bytes") > 30 * mebibyte);
  CHECK(shown("container_memory_working_set_bytes") > 20 * mebibyte);
  CHECK(shown("container_memory_working_set_bytes") <
        shown("container_memory_usage_bytes") - 9 * mebibyte);
  REQUIRE(after.engine.cpu_seconds - before.engine.cpu_seconds < 0.02 * after.engine.cpu_seconds);
  check_counters(shown, before.engine, after.engine);
  check_against_kernel(shown, before, after);
  check_still_memory(shown, before);
  check_still_memory(shown, after);
  CHECK(shown("container_pids") == 4);
  CHECK(shown("container_spec_memory_limit_bytes") == 0);
  CHECK_FALSE(shown.has("container_spec_cpu_quota"));
  CHECK_FALSE(shown.has("container_cpu_cfs_periods_total"));
  const auto limit = before.kernel.processes_limit;
  CHECK(shown.has("container_pids_limit") == limit.has_value());
  if (limit) CHECK(shown("container_pids_limit") == static_cast<double>(*limit));
}
