#include "tidegauge/cgroup/host_files.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <filesystem>
#include <latch>
#include <memory>
#include <string>

#include "support/catch.h"
#include "support/kernel_tree.h"

using namespace tidegauge;
using cgroup::HostFiles;
using test::CgroupVersion;
using test::KernelTree;

namespace fs = std::filesystem;

namespace {

std::string mount_line(const std::string& point, const std::string& type,
                       const std::string& source) {
  return "26 1 254:0 / " + point + " rw,relatime shared:1 - " + type + " " + source + " rw\n";
}

std::vector<std::string> devices(const model::HostStats& host) {
  std::vector<std::string> all;
  for (const auto& filesystem : host.filesystems) all.push_back(filesystem.device);
  return all;
}

}  // namespace

TEST_CASE("values that the files lack are absent") {
  const KernelTree tree(CgroupVersion::v1);
  const auto host = HostFiles(tree.paths()).sample("");
  CHECK_FALSE(host.use.cpu);
  CHECK_FALSE(host.use.memory);
  CHECK_FALSE(host.use.pressure);
  CHECK(host.use.networks.empty());
  CHECK(host.use.block_io.empty());
  CHECK(host.filesystems.empty());
  CHECK_FALSE(host.booted_at);
}

TEST_CASE("the machine's network is the first process's, without the containers' interfaces") {
  const KernelTree tree(CgroupVersion::v1);
  tree.write("proc/1/net/dev",
             "Inter-|\n face |\n    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
             "  eth0: 5 1 0 0 0 0 0 0 6 1 0 0 0 0 0 0\n"
             "docker0: 5 1 0 0 0 0 0 0 6 1 0 0 0 0 0 0\n"
             "nerdctl0: 5 1 0 0 0 0 0 0 6 1 0 0 0 0 0 0\n"
             "veth12ab: 5 1 0 0 0 0 0 0 6 1 0 0 0 0 0 0\n");
  const auto host = HostFiles(tree.paths()).sample("");
  REQUIRE(host.use.networks.size() == 1);
  CHECK(host.use.networks[0].interface == "eth0");
  CHECK(host.use.networks[0].receive_bytes == 5U);
}

TEST_CASE("the network is this program's if the first process's is not visible") {
  const KernelTree tree(CgroupVersion::v1);
  fs::remove(tree.path("proc/1/net/dev"));
  tree.write("proc/self/net/dev", "  eth7: 5 1 0 0 0 0 0 0 6 1 0 0 0 0 0 0\n");
  const auto host = HostFiles(tree.paths()).sample("");
  REQUIRE(host.use.networks.size() == 1);
  CHECK(host.use.networks[0].interface == "eth7");
}

TEST_CASE("in a container without the machine's /proc, the machine has no network") {
  const KernelTree tree(CgroupVersion::v1);
  for (const auto* const file : {"proc/1/net/dev", "proc/self/net/dev"}) {
    tree.write(file, "  eth0: 5 1 0 0 0 0 0 0 6 1 0 0 0 0 0 0\n");
  }
  tree.write("proc/self/status", "NSpid:\t1\n");
  tree.write("proc/self/root/.dockerenv", "");
  CHECK(HostFiles(tree.paths()).sample("").use.networks.empty());
}

TEST_CASE("the CPUs of the machine are read once, as their text is long") {
  const KernelTree tree(CgroupVersion::v1);
  tree.write("proc/cpuinfo", "physical id\t: 0\ncore id\t\t: 0\n\n");
  HostFiles files(tree.paths());
  REQUIRE(files.sample("").cpu_physical_cores == 1U);
  tree.write("proc/cpuinfo",
             "physical id\t: 0\ncore id\t\t: 0\n\nphysical id\t: 0\ncore id\t\t: 1\n\n");
  CHECK(files.sample("").cpu_physical_cores == 1U);
}

TEST_CASE("disks are shown without their partitions") {
  const KernelTree tree(CgroupVersion::v1);
  tree.write("proc/diskstats",
             "254 16 vdb 1 0 0 0 0 0 0 0 0 0 0\n254 0 vda 1 0 0 0 0 0 0 0 0 0 0\n"
             "254 1 vda1 1 0 0 0 0 0 0 0 0 0 0\n");
  fs::create_directories(tree.path("sys/block/vda"));
  fs::create_directories(tree.path("sys/block/vdb"));
  const auto host = HostFiles(tree.paths()).sample("");
  REQUIRE(host.use.block_io.size() == 2);
  CHECK(host.use.block_io[0].device == "/dev/vda");
  CHECK(host.use.block_io[1].device == "/dev/vdb");
}

TEST_CASE("each real device is one file system, wherever and however often it is mounted") {
  const KernelTree tree(CgroupVersion::v1);
  tree.write("proc/self/mountinfo", mount_line("/", "ext4", "/dev/vda1") +
                                        mount_line("/proc", "proc", "proc") +
                                        mount_line("/tmp", "ext4", "/dev/vda1") +
                                        mount_line("/snap", "squashfs", "/dev/loop0") +
                                        mount_line("/not/there", "xfs", "/dev/vdb"));
  const auto host = HostFiles(tree.paths()).sample("");
  REQUIRE(devices(host) == std::vector<std::string>{"/dev/vda1"});
  struct statvfs root{};
  REQUIRE(::statvfs("/", &root) == 0);
  CHECK(host.filesystems[0].limit_bytes == root.f_blocks * root.f_frsize);
  CHECK(host.filesystems[0].usage_bytes > 0);
  CHECK(host.filesystems[0].usage_bytes < host.filesystems[0].limit_bytes);
}

TEST_CASE("the file system of the Engine's data is shown, whatever its type") {
  const KernelTree tree(CgroupVersion::v1);
  tree.write("proc/self/mountinfo", mount_line("/", "overlay", "overlay") +
                                        mount_line("/tmp", "fuse.special", "somewhere") +
                                        mount_line("/tmp", "fuse.special", "on-top") +
                                        mount_line("/tmpfoo", "tmpfs", "elsewhere"));
  HostFiles files(tree.paths());
  CHECK(files.sample("").filesystems.empty());
  CHECK(devices(files.sample("/tmp/docker")) == std::vector<std::string>{"on-top"});
  CHECK(devices(files.sample("/var/lib/docker")) == std::vector<std::string>{"overlay"});
}

TEST_CASE("if only the file system of the Engine's data is wanted, nothing else is sampled") {
  const KernelTree tree(CgroupVersion::v1);
  tree.write("proc/stat", "cpu  100 0 0 0 0 0 0 0\nbtime 1\n");
  tree.write("proc/meminfo", "MemTotal: 4 kB\n");
  tree.write("proc/self/mountinfo",
             mount_line("/", "ext4", "/dev/vda1") + mount_line("/tmp", "ext4", "/dev/vda2"));
  HostFiles files(tree.paths());
  REQUIRE(files.sample("/tmp/docker").use.cpu);
  const auto host = files.sample("/tmp/docker", cgroup::HostScope::engine_filesystem);
  CHECK(devices(host) == std::vector<std::string>{"/dev/vda2"});
  CHECK(host.engine_device == "/dev/vda2");
  CHECK_FALSE(host.use.cpu);
  CHECK_FALSE(host.memory_bytes);
  CHECK_FALSE(host.booted_at);
}

TEST_CASE("a file system that hangs is left out and named, and the others are shown") {
  const auto latch = std::make_shared<std::latch>(1);
  const KernelTree tree(CgroupVersion::v1);
  tree.write("proc/self/mountinfo", mount_line("/hangs", "ext4", "/dev/sdz1") +
                                        mount_line("/hangs2", "ext4", "/dev/sdz1") +
                                        mount_line("/", "ext4", "/dev/vda1"));
  HostFiles files(tree.paths(), cgroup::FilesystemSampler(
                                    [latch](const std::string& path) {
                                      if (path.starts_with("/hangs")) latch->wait();
                                      return cgroup::stat_filesystem("/");
                                    },
                                    {}));
  const auto first = files.sample("");
  CHECK(devices(first) == std::vector<std::string>{"/dev/vda1"});
  CHECK(first.stuck_filesystems.empty());  // so far it is merely late
  const auto second = files.sample("");
  CHECK(devices(second) == std::vector<std::string>{"/dev/vda1"});
  CHECK(second.stuck_filesystems == std::vector<std::string>{"/dev/sdz1 at /hangs"});
  latch->count_down();
}

TEST_CASE("the mounts are the first process's if they are visible") {
  const KernelTree tree(CgroupVersion::v1);
  tree.write("proc/self/mountinfo", mount_line("/", "ext4", "/dev/ours"));
  tree.write("proc/1/mountinfo", mount_line("/data", "ext4", "/dev/theirs"));
  fs::create_directories(tree.path("proc/1/root/data"));
  CHECK(devices(HostFiles(tree.paths()).sample("")) == std::vector<std::string>{"/dev/theirs"});
}

TEST_CASE("the files of this machine give every value that a machine must have") {
  const auto host = HostFiles({}).sample("/var/lib/docker");
  REQUIRE(host.use.cpu);
  CHECK(host.use.cpu->usage_seconds > 0);
  REQUIRE(host.use.memory);
  CHECK(host.use.memory->usage_bytes < host.memory_bytes);
  CHECK(host.use.memory->page_faults > 0U);
  CHECK(host.booted_at < wall_now());
  CHECK_FALSE(host.filesystems.empty());
}
