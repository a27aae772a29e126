#include "support/kernel_tree.h"

#include <array>
#include <regex>
#include <stdexcept>

namespace tidegauge::test {

namespace fs = std::filesystem;

namespace {

constexpr std::array controllers{"cpu", "cpuacct", "memory", "blkio", "pids"};

void put(const fs::path& from, const fs::path& to) {
  fs::create_directories(to.parent_path());
  fs::remove(to);
  fs::copy_file(from, to);
}

}  // namespace

RecordedContainer recorded_container(std::string_view set, std::string_view name) {
  RecordedContainer container;
  container.directory = fs::path(TIDEGAUGE_TEST_DATA) / set / "cgroup" / name;
  container.pid = std::stoi(read_file(container.directory / "process"));
  const auto before = container.directory / "before";
  const auto text = read_file((fs::exists(before) ? before : container.directory) / "proc/cgroup");
  std::smatch id;
  if (!std::regex_search(text, id, std::regex("[0-9a-f]{64}"))) throw std::runtime_error("no id");
  container.id = id.str();
  return container;
}

std::string recorded_sockets(std::string_view protocol) {
  return read_file(fs::path(TIDEGAUGE_TEST_DATA) / "linux-6.18/sockets" / protocol);
}

KernelTree::KernelTree(CgroupVersion version) : version_(version) {
  write("proc/self/cgroup", version == CgroupVersion::v1 ? "4:memory:/\n0::/\n" : "0::/\n");
  write("proc/1/net/dev", "");
  const auto root = path("sys/fs/cgroup").string();
  std::string mounts = "23 28 0:21 / /sys rw shared:6 - sysfs sysfs rw\n";
  if (version == CgroupVersion::v2) {
    fs::create_directories(root);
    mounts += "31 23 0:26 / " + root + " rw,nosuid shared:8 - cgroup2 cgroup2 rw,nsdelegate\n";
  } else {
    for (const std::string name : controllers) {
      fs::create_directories(root + "/" + name);
      mounts +=
          "31 23 0:26 / " + root + "/" + name + " rw shared:8 - cgroup cgroup rw," + name + "\n";
    }
  }
  write("proc/self/mountinfo", mounts);
}

fs::path KernelTree::path(std::string_view name) const {
  auto path = directory_.path() / name;
  fs::create_directories(path.parent_path());
  return path;
}

void KernelTree::write(std::string_view name, std::string_view content) const {
  static_cast<void>(path(name));
  static_cast<void>(directory_.write(name, content));
}

fs::path KernelTree::cgroup_file(const std::string& id, std::string_view name) const {
  if (version_ == CgroupVersion::v2) {
    return path("sys/fs/cgroup/system.slice/docker-" + id + ".scope/" + std::string(name));
  }
  const auto slash = name.find('/');
  return path("sys/fs/cgroup/" + std::string(name.substr(0, slash)) + "/docker/" + id +
              std::string(name.substr(slash)));
}

void KernelTree::add(const RecordedContainer& container, std::string_view moment) {
  const auto from = container.directory / moment;
  const auto process = "proc/" + std::to_string(container.pid) + "/";
  put(from / "proc/net_dev", path(process + "net/dev"));
  const auto first = fs::exists(from / "proc/cgroup") ? from : container.directory / "before";
  const std::regex id("[0-9a-f]{64}");
  write(process + "cgroup", std::regex_replace(read_file(first / "proc/cgroup"), id, container.id));
  const auto top = version_ == CgroupVersion::v2 ? from / "fs" : from;
  for (const auto& entry : fs::recursive_directory_iterator(top)) {
    const auto name = entry.path().lexically_relative(top);
    if (!entry.is_regular_file() || name.begin()->string() == "proc") continue;
    put(entry.path(), cgroup_file(container.id, name.string()));
  }
}

void KernelTree::remove(const RecordedContainer& container) {
  fs::remove_all(path("proc/" + std::to_string(container.pid)));
  if (version_ == CgroupVersion::v2) {
    fs::remove_all(cgroup_file(container.id, "x").parent_path());
    return;
  }
  for (const std::string name : controllers) {
    fs::remove_all(cgroup_file(container.id, name + "/x").parent_path());
  }
}

}  // namespace tidegauge::test
