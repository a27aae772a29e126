#include "tidegauge/cgroup/container_files.h"

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>

#include "support/catch.h"
#include "support/child_process.h"
#include "support/kernel_tree.h"

using namespace tidegauge;
using cgroup::CgroupError;
using cgroup::ContainerFiles;
using cgroup::DescriptorBudget;
using model::ContainerStats;
using test::CgroupVersion;
using test::KernelTree;

namespace fs = std::filesystem;

namespace {

constexpr std::size_t plenty = 1000;

/// A recorded container of cgroup v1, and a budget of descriptors for its files.
class Scene {
 public:
  explicit Scene(std::size_t descriptors = plenty)
      : web_(test::recorded_container("docker-20.10.24-cgroup1", "web")), budget_(descriptors) {
    tree_.add(web_, "before");
  }

  [[nodiscard]] KernelTree& tree() { return tree_; }
  [[nodiscard]] const test::RecordedContainer& web() const { return web_; }
  [[nodiscard]] DescriptorBudget& budget() { return budget_; }
  cgroup::SamplingContext& tools() { return tools_; }
  [[nodiscard]] fs::path file(const std::string& name) const {
    return tree_.cgroup_file(web_.id, name);
  }
  [[nodiscard]] std::expected<ContainerFiles, CgroupError> try_open(
      const config::OptionalGroups& groups = {}) {
    return ContainerFiles::open(cgroup::Locator(tree_.paths()).locate(web_.pid, web_.id).value(),
                                tree_.paths(), budget_, groups);
  }
  [[nodiscard]] ContainerFiles open(const config::OptionalGroups& groups = {}) {
    auto files = try_open(groups);
    if (!files) FAIL(files.error().message);
    return *std::move(files);
  }

 private:
  KernelTree tree_{CgroupVersion::v1};
  test::RecordedContainer web_;
  DescriptorBudget budget_;
  cgroup::SamplingContext tools_{.devices = cgroup::DeviceNames(tree_.paths().sysfs)};
};

/// Overwrites in place, so that an open descriptor sees it.
void overwrite(const fs::path& file, std::string_view text) {
  fs::resize_file(file, 0);
  test::TemporaryDirectory elsewhere;
  fs::copy_file(elsewhere.write("text", text), file, fs::copy_options::overwrite_existing);
}

std::size_t open_descriptors() {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("each sample shows the files as they are at its time") {
  Scene scene;
  auto files = scene.open();
  ContainerStats stats;
  REQUIRE(files.sample(scene.tools(), stats));
  overwrite(scene.file("cpuacct/cpuacct.usage"), "7000000000\n");
  REQUIRE(files.sample(scene.tools(), stats));
  CHECK(stats.cpu->usage_seconds == 7);
  CHECK(wall_now() - stats.read_at < std::chrono::seconds(10));
}

TEST_CASE("the load has the numbers of a sample, whichever files say them") {
  const auto [version, set, name, moment] =
      GENERATE(table<CgroupVersion, std::string, std::string, std::string>(
          {{CgroupVersion::v1, "docker-20.10.24-cgroup1", "web", "before"},
           {CgroupVersion::v2, "docker-26.1.5-cgroup2-systemd", "web", ""}}));
  KernelTree tree(version);
  const auto web = test::recorded_container(set, name);
  tree.add(web, moment);
  const auto descriptors = GENERATE(std::size_t{0}, plenty);
  DescriptorBudget budget(descriptors);
  cgroup::SamplingContext tools{.devices = cgroup::DeviceNames(tree.paths().sysfs)};
  auto files = ContainerFiles::open(cgroup::Locator(tree.paths()).locate(web.pid, web.id).value(),
                                    tree.paths(), budget)
                   .value();
  ContainerStats stats;
  REQUIRE(files.sample(tools, stats));
  const auto before = steady_now();
  const auto load = files.read_load(tools);
  const auto after = steady_now();
  REQUIRE(load);
  CHECK(load->memory_bytes == stats.memory.value().usage_bytes);
  CHECK(load->cpu_seconds == stats.cpu.value().usage_seconds);
  CHECK(before <= load->begun_at);
  CHECK(load->begun_at < load->ended_at);
  CHECK(load->ended_at <= after);
}

TEST_CASE("a load keeps nothing of the load before, and fails once the container has ended") {
  Scene scene(0);
  auto files = scene.open();
  REQUIRE(files.read_load(scene.tools()));
  overwrite(scene.file("memory/memory.usage_in_bytes"), "garbage\n");
  overwrite(scene.file("cpuacct/cpuacct.usage"), "garbage\n");
  const auto garbage = files.read_load(scene.tools());
  REQUIRE(garbage);
  CHECK_FALSE(garbage->memory_bytes);
  CHECK_FALSE(garbage->cpu_seconds);
  scene.tree().remove(scene.web());
  const auto gone = files.read_load(scene.tools());
  REQUIRE_FALSE(gone);
  CHECK(gone.error().reason == CgroupError::Reason::gone);
}

TEST_CASE("a sample keeps nothing of the sample before") {
  Scene scene;
  auto files = scene.open();
  ContainerStats stats;
  REQUIRE(files.sample(scene.tools(), stats));
  REQUIRE(stats.networks.size() == 1);
  REQUIRE(stats.block_io.size() == 1);
  REQUIRE(stats.cpu->throttling);
  for (const auto* const name :
       {"cpu/cpu.stat", "memory/memory.usage_in_bytes", "memory/memory.stat", "pids/pids.current",
        "blkio/blkio.throttle.io_service_bytes_recursive",
        "blkio/blkio.throttle.io_serviced_recursive"}) {
    overwrite(scene.file(name), "garbage\n");
  }
  overwrite(scene.tree().path("proc/" + std::to_string(scene.web().pid) + "/net/dev"), "garbage\n");
  REQUIRE(files.sample(scene.tools(), stats));
  CHECK(stats.cpu);
  CHECK_FALSE(stats.cpu->throttling);
  CHECK_FALSE(stats.memory);
  CHECK_FALSE(stats.pids);
  CHECK(stats.networks.empty());
  CHECK(stats.block_io.empty());
}

TEST_CASE("expensive files are read only if their group is enabled") {
  Scene scene;
  scene.tree().write("sys/fs/cgroup/cpuacct/docker/" + scene.web().id + "/cpuacct.usage_percpu",
                     "1500000000 250000000 \n");
  scene.tree().write("sys/fs/cgroup/cpu/docker/" + scene.web().id + "/cgroup.procs", "1\n");
  ContainerStats stats;
  REQUIRE(scene.open().sample(scene.tools(), stats));
  CHECK(stats.cpu->per_cpu_seconds.empty());
  CHECK_FALSE(stats.processes);
  REQUIRE(scene.open({.per_cpu = true, .processes = true}).sample(scene.tools(), stats));
  CHECK(stats.cpu->per_cpu_seconds == std::vector<double>{1.5, 0.25});
  REQUIRE(stats.processes);
  CHECK(stats.processes->processes == 1);
}

TEST_CASE("connections are counted only if their group is enabled") {
  Scene scene;
  const auto process = "proc/" + std::to_string(scene.web().pid);
  scene.tree().write(process + "/net/tcp", test::recorded_sockets("tcp"));
  scene.tree().write(process + "/net/udp6", test::recorded_sockets("udp6"));
  ContainerStats stats;
  REQUIRE(scene.open().sample(scene.tools(), stats));
  CHECK_FALSE(stats.connections);
  auto files = scene.open({.connections = true});
  REQUIRE(files.sample(scene.tools(), stats));
  REQUIRE(stats.connections);
  CHECK(stats.connections->tcp.value().by_state.front() == 2);
  CHECK(stats.connections->udp6.value().listening == 1);
  CHECK_FALSE(stats.connections->tcp6);  // a kernel without IPv6
  overwrite(scene.tree().path(process + "/net/tcp"), "");
  REQUIRE(files.sample(scene.tools(), stats));
  CHECK(stats.connections->tcp.value().by_state.front() == 0);
  overwrite(scene.tree().path(process + "/net/tcp"), std::string(std::size_t{17} << 20U, '\n'));
  REQUIRE(files.sample(scene.tools(), stats));  // too long a list takes nothing else along
  CHECK_FALSE(stats.connections->tcp);
  CHECK(stats.connections->udp6);
  CHECK(stats.cpu);
}

TEST_CASE("TCP counters and huge pages are read only if their groups are enabled") {
  KernelTree tree(CgroupVersion::v2);
  const auto web = test::recorded_container("docker-26.1.5-cgroup2-systemd", "web");
  tree.add(web, "");
  tree.write("proc/" + std::to_string(web.pid) + "/net/snmp", test::recorded_sockets("snmp"));
  std::ofstream(tree.cgroup_file(web.id, "hugetlb.2MB.current")) << "2097152\n";
  DescriptorBudget budget(plenty);
  cgroup::SamplingContext tools{.devices = cgroup::DeviceNames(tree.paths().sysfs)};
  const auto open = [&](const config::OptionalGroups& groups) {
    auto location = cgroup::Locator(tree.paths()).locate(web.pid, web.id).value();
    return ContainerFiles::open(std::move(location), tree.paths(), budget, groups).value();
  };
  ContainerStats stats;
  REQUIRE(open({}).sample(tools, stats));
  CHECK(stats.tcp_statistics.empty());
  CHECK(stats.huge_pages.empty());
  auto files = open({.tcp_statistics = true, .huge_pages = true});
  for (int again = 0; again < 2; ++again) {
    REQUIRE(files.sample(tools, stats));
    CHECK(stats.tcp_statistics.size() == 15);
    REQUIRE(stats.huge_pages.size() == 1);
    CHECK(stats.huge_pages[0].usage_bytes == 2'097'152);
  }
}

TEST_CASE("the file of operations is read only after the file of bytes has named a device") {
  Scene scene;
  const auto operations = scene.file("blkio/blkio.throttle.io_serviced_recursive");
  fs::remove(operations);
  fs::create_directory(operations);  // cannot be read
  auto files = scene.open();
  ContainerStats stats;
  CHECK_FALSE(files.sample(scene.tools(), stats));
  overwrite(scene.file("blkio/blkio.throttle.io_service_bytes_recursive"), "Total 0\n");
  CHECK(files.sample(scene.tools(), stats));
}

TEST_CASE("the file of operations is not read if only an earlier file has named a device") {
  Scene scene;
  overwrite(scene.file("blkio/blkio.throttle.io_service_bytes_recursive"), "8:0 Read 512\n");
  std::ofstream(scene.file("blkio/blkio.bfq.io_service_bytes_recursive")) << "Total 0\n";
  fs::create_directory(scene.file("blkio/blkio.bfq.io_serviced_recursive"));  // cannot be read
  ContainerStats stats;
  CHECK(scene.open().sample(scene.tools(), stats));
}

TEST_CASE("files are kept open, and closed when the container ends") {
  Scene scene;
  const auto before = open_descriptors();
  {
    auto files = scene.open();
    CHECK(files.kept_open() > 10);
    CHECK(open_descriptors() == before + files.kept_open());
    CHECK(scene.budget().left() == plenty - files.kept_open());
    ContainerStats stats;
    REQUIRE(files.sample(scene.tools(), stats));
    CHECK(open_descriptors() == before + files.kept_open());
  }
  CHECK(open_descriptors() == before);
  CHECK(scene.budget().left() == plenty);
}

TEST_CASE("files that move to another owner are closed once") {
  Scene scene;
  auto files = scene.open();
  {
    auto other = scene.open();
    CHECK(scene.budget().left() == plenty - 2 * files.kept_open());
    files = std::move(other);
    CHECK(scene.budget().left() == plenty - files.kept_open());
    const auto moved = std::move(files);
    CHECK(scene.budget().left() == plenty - moved.kept_open());
  }
  CHECK(scene.budget().left() == plenty);
}

TEST_CASE("beyond the budget no descriptor is kept, and the numbers are the same") {
  Scene rich;
  ContainerStats expected;
  REQUIRE(rich.open().sample(rich.tools(), expected));
  Scene poor(5);
  const auto before = open_descriptors();
  auto files = poor.open();
  CHECK(files.kept_open() == 0);
  CHECK(poor.budget().left() == 5);
  ContainerStats stats;
  REQUIRE(files.sample(poor.tools(), stats));
  CHECK(open_descriptors() == before);
  CHECK(stats.cpu->usage_seconds == expected.cpu->usage_seconds);
  CHECK(stats.memory->working_set_bytes == expected.memory->working_set_bytes);
  CHECK(stats.networks.at(0).receive_bytes == expected.networks.at(0).receive_bytes);
  CHECK(stats.block_io.at(0).write_bytes == expected.block_io.at(0).write_bytes);
  CHECK(stats.pids_limit == expected.pids_limit);
}

TEST_CASE("without a free descriptor the files are opened one after another") {
  Scene scene;
  auto location =
      cgroup::Locator(scene.tree().paths()).locate(scene.web().pid, scene.web().id).value();
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const auto used = open_descriptors();
  const rlimit few{.rlim_cur = used + 3, .rlim_max = limit.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  ContainerStats stats;
  auto files = ContainerFiles::open(std::move(location), scene.tree().paths(), scene.budget());
  const bool sampled = files && files->sample(scene.tools(), stats);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  REQUIRE(files);
  CHECK(sampled);
  CHECK(files->kept_open() == 0);
  CHECK(scene.budget().left() == plenty);
  CHECK(stats.pids_limit == 100U);
}

TEST_CASE("a container that has ended is gone, whether its files were kept open or not") {
  const bool kept = GENERATE(true, false);
  Scene scene(kept ? plenty : 0);
  // As the kernel does with an open file of a cgroup that is removed, it does with one of a
  // process.
  test::ChildProcess child({"/bin/sleep", "60"});
  const auto usage = scene.file("cpuacct/cpuacct.usage");
  fs::remove(usage);
  fs::create_symlink("/proc/" + std::to_string(child.pid()) + "/stat", usage);
  auto files = scene.open();
  CHECK((files.kept_open() > 0) == kept);
  ContainerStats stats;
  REQUIRE(files.sample(scene.tools(), stats));
  child.signal(SIGKILL);
  child.wait();
  const auto sampled = files.sample(scene.tools(), stats);
  REQUIRE_FALSE(sampled);
  CHECK(sampled.error().reason == CgroupError::Reason::gone);
  CHECK_FALSE(stats.memory);
  CHECK(stats.networks.empty());
}

TEST_CASE("values of files that the kernel lacks are absent, and the files are not opened again") {
  Scene scene;
  fs::remove(scene.file("memory/memory.failcnt"));
  fs::remove_all(scene.file("pids/x").parent_path());
  ContainerStats stats;
  REQUIRE(scene.open().sample(scene.tools(), stats));
  CHECK_FALSE(stats.memory->fail_count);
  CHECK(stats.memory->max_usage_bytes);
  CHECK_FALSE(stats.pids);
  CHECK_FALSE(stats.pids_limit);
}

TEST_CASE("the older name of a file is used if the newer name does not exist") {
  Scene scene;
  const auto newer = scene.file("blkio/blkio.throttle.io_service_bytes_recursive");
  fs::rename(newer, scene.file("blkio/blkio.throttle.io_service_bytes"));
  ContainerStats stats;
  REQUIRE(scene.open().sample(scene.tools(), stats));
  CHECK(stats.block_io.at(0).write_bytes > 0U);
}

TEST_CASE("the files of the scheduler BFQ are read only if it serves a device") {
  Scene scene;
  fs::remove(scene.file("blkio/blkio.throttle.io_service_bytes_recursive"));
  fs::remove(scene.file("blkio/blkio.throttle.io_serviced_recursive"));
  static_cast<void>(std::ofstream(scene.file("blkio/blkio.bfq.io_service_bytes_recursive"))
                    << "254:0 Read 4096\n");
  const bool used = GENERATE(true, false);
  scene.tools().bfq_used = used;
  ContainerStats stats;
  REQUIRE(scene.open().sample(scene.tools(), stats));
  CHECK(stats.block_io.size() == (used ? 1 : 0));
}

TEST_CASE(
    "the root of the hierarchy shows whether BFQ serves a device; without it, BFQ is assumed") {
  const test::TemporaryDirectory root;
  cgroup::FileReader reader;
  CHECK(cgroup::is_bfq_used(root.path().string(), reader));
  static_cast<void>(root.write("blkio.bfq.io_service_bytes_recursive", "Total 0\n"));
  CHECK_FALSE(cgroup::is_bfq_used(root.path().string(), reader));
  static_cast<void>(
      root.write("blkio.bfq.io_service_bytes_recursive", "8:0 Read 512\nTotal 512\n"));
  CHECK(cgroup::is_bfq_used(root.path().string(), reader));
}

TEST_CASE("without the inactive file cache the working set is absent") {
  Scene scene;
  overwrite(scene.file("memory/memory.stat"), "total_rss 4096\n");
  ContainerStats stats;
  REQUIRE(scene.open().sample(scene.tools(), stats));
  REQUIRE(stats.memory);
  CHECK(stats.memory->usage_bytes > 0);
  CHECK_FALSE(stats.memory->working_set_bytes);
}

TEST_CASE("a container that shares its network has no network counters or connections") {
  Scene scene;
  const auto process = "proc/" + std::to_string(scene.web().pid);
  scene.tree().write(process + "/net/tcp", test::recorded_sockets("tcp"));
  scene.tree().write(process + "/net/snmp", test::recorded_sockets("snmp"));
  auto location =
      cgroup::Locator(scene.tree().paths()).locate(scene.web().pid, scene.web().id).value();
  location.shares_network = true;
  auto files = ContainerFiles::open(location, scene.tree().paths(), scene.budget(),
                                    {.connections = true, .tcp_statistics = true});
  ContainerStats stats;
  REQUIRE(files.value().sample(scene.tools(), stats));
  CHECK(stats.networks.empty());
  CHECK_FALSE(stats.connections);
  CHECK(stats.tcp_statistics.empty());
  CHECK(stats.cpu);
}

TEST_CASE("a setting is read when it is due and when it may have changed") {
  Scene scene;
  auto files = scene.open();
  ContainerStats stats;
  const auto limit = [&] {
    REQUIRE(files.sample(scene.tools(), stats));
    return stats.pids_limit;
  };
  scene.tools().settings_due = false;
  CHECK(limit() == 100U);
  overwrite(scene.file("pids/pids.max"), "200\n");
  CHECK(limit() == 100U);
  files.forget_settings();
  CHECK(limit() == 200U);
  overwrite(scene.file("pids/pids.max"), "300\n");
  scene.tools().settings_due = true;
  CHECK(limit() == 300U);
}

TEST_CASE("a device has its name from sysfs") {
  Scene scene;
  scene.tree().write("sys/dev/block/254:0/uevent", "MAJOR=254\nMINOR=0\nDEVNAME=vda\n");
  ContainerStats stats;
  REQUIRE(scene.open().sample(scene.tools(), stats));
  CHECK(stats.block_io.at(0).device == "/dev/vda");
}

TEST_CASE("the error of a file without permission names the file") {
  Scene scene;
  const auto file = scene.file("memory/memory.stat");
  fs::remove(file);
  fs::create_directory(file);  // opens, and refuses to be read: EISDIR
  ContainerStats stats;
  const auto sampled = scene.open().sample(scene.tools(), stats);
  REQUIRE_FALSE(sampled);
  CHECK(sampled.error().reason == CgroupError::Reason::unreadable);
  CHECK_THAT(sampled.error().message, test::contains(file.string()));
}
