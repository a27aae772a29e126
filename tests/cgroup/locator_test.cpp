#include "tidegauge/cgroup/locator.h"

#include <unistd.h>

#include <filesystem>
#include <string>

#include "support/catch.h"
#include "support/kernel_tree.h"

using namespace tidegauge;
using cgroup::CgroupError;
using cgroup::Hierarchy;
using cgroup::Locator;
using test::CgroupVersion;
using test::contains;
using test::KernelTree;
using Reason = CgroupError::Reason;

namespace fs = std::filesystem;

namespace {

constexpr int pid = 4711;
const std::string id(64, 'a');

/// Where it looks, and what its process says of itself.
class Scene {
 public:
  explicit Scene(CgroupVersion version, const std::string& membership) : tree_(version) {
    tree_.write("proc/4711/cgroup", membership);
  }
  [[nodiscard]] const KernelTree& tree() const { return tree_; }
  [[nodiscard]] auto locate() const { return Locator(tree_.paths()).locate(pid, id); }
  void make(const std::string& directory) const {
    fs::create_directories(tree_.path("sys/fs/cgroup/" + directory));
  }
  [[nodiscard]] std::string below(const std::string& directory) const {
    return tree_.path("sys/fs/cgroup/" + directory);
  }

 private:
  KernelTree tree_;
};

void check_trouble(const Scene& scene, Reason reason, std::string_view said) {
  const auto found = scene.locate();
  REQUIRE_FALSE(found);
  CHECK(found.error().reason == reason);
  CHECK_THAT(found.error().message, contains(std::string(said)));
}

}  // namespace

TEST_CASE("with cgroup v1 each controller has a directory of its own") {
  const Scene scene(CgroupVersion::v1, "9:name=systemd:/docker/" + id + "\n4:memory:/docker/" + id +
                                           "\n2:cpu,cpuacct:/docker/" + id + "\n0::/\n");
  for (const std::string name : {"memory", "cpu", "cpuacct"}) scene.make(name + "/docker/" + id);
  const auto found = scene.locate();
  REQUIRE(found);
  CHECK(found->path == "/docker/" + id);
  CHECK(found->directory(Hierarchy::memory) == scene.below("memory/docker/" + id));
  CHECK(found->directory(Hierarchy::cpu) == scene.below("cpu/docker/" + id));
  CHECK(found->directory(Hierarchy::cpuacct) == scene.below("cpuacct/docker/" + id));
  CHECK(found->directory(Hierarchy::pids).empty());
  CHECK(found->directory(Hierarchy::unified).empty());
}

TEST_CASE("the mount point of a hierarchy is known after the first location") {
  const Scene scene(CgroupVersion::v1, "4:memory:/docker/" + id + "\n");
  scene.make("memory/docker/" + id);
  Locator locator(scene.tree().paths());
  CHECK(locator.mount_point(Hierarchy::memory).empty());
  REQUIRE(locator.locate(pid, id));
  CHECK(locator.mount_point(Hierarchy::memory) == scene.below("memory"));
  CHECK(locator.mount_point(Hierarchy::unified).empty());
}

TEST_CASE("with cgroup v2 there is one directory, for each cgroup driver") {
  const auto path = GENERATE("/system.slice/docker-@.scope", "/docker/@",
                             "/my.slice/my-own.slice/x/@", "/machine.slice/libpod-@.scope");
  std::string place = path;
  place.replace(place.find('@'), 1, id);
  const Scene scene(CgroupVersion::v2, "0::" + place + "\n");
  scene.make(place.substr(1));
  const auto found = scene.locate();
  REQUIRE(found);
  CHECK(found->path == place);
  CHECK(found->host_path == place);
  CHECK(found->directory(Hierarchy::unified) == scene.below(place.substr(1)));
}

TEST_CASE("the container's cgroup is found above the cgroup that its first process moved to") {
  const Scene scene(CgroupVersion::v2, "0::/docker/" + id + "/init.scope\n");
  scene.make("docker/" + id + "/init.scope");
  CHECK(scene.locate().value().path == "/docker/" + id);
}

TEST_CASE("with both versions mounted, each controller is found where it is") {
  const Scene scene(CgroupVersion::v1, "4:memory:/docker/" + id + "\n0::/docker/" + id + "\n");
  scene.make("memory/docker/" + id);
  scene.make("unified/docker/" + id);
  auto mounts = test::read_file(scene.tree().path("proc/self/mountinfo"));
  mounts += "32 23 0:27 / " + scene.below("unified") + " rw - cgroup2 cgroup2 rw\n";
  scene.tree().write("proc/self/mountinfo", mounts);
  const auto found = scene.locate();
  REQUIRE(found);
  CHECK(found->directory(Hierarchy::memory) == scene.below("memory/docker/" + id));
  CHECK(found->directory(Hierarchy::unified) == scene.below("unified/docker/" + id));
}

TEST_CASE("a mount point may have blanks in its name") {
  const Scene scene(CgroupVersion::v2, "0::/docker/" + id + "\n");
  scene.make("a b/docker/" + id);
  scene.tree().write("proc/self/mountinfo",
                     "31 23 0:26 / " + scene.below("") + "a\\040b rw - cgroup2 cgroup2 rw\n");
  CHECK(scene.locate().value().directory(Hierarchy::unified) == scene.below("a b/docker/" + id));
}

TEST_CASE("a mount of a part of the hierarchy shows the containers in that part") {
  const Scene scene(CgroupVersion::v2, "0::/docker/" + id + "\n");
  const auto root = GENERATE("/docker", "/system.slice");
  scene.make(id);
  scene.tree().write("proc/self/mountinfo", "31 23 0:26 " + std::string(root) + " " +
                                                scene.below("") + " rw - cgroup2 cgroup2 rw\n");
  const auto found = scene.locate();
  REQUIRE(found.has_value() == (std::string(root) == "/docker"));
  if (found) {
    CHECK(fs::equivalent(found->directory(Hierarchy::unified), scene.below(id)));
  } else {
    CHECK(found.error().reason == Reason::masked);
  }
}

TEST_CASE("from a cgroup namespace with the host's hierarchy, paths are relative to this process") {
  // As in a container: this program in /system.slice/docker-us.scope, seen as "/".
  const Scene scene(CgroupVersion::v2, "0::/../docker-" + id + ".scope\n");
  const auto place = "system.slice/docker-" + id + ".scope";
  scene.make(place);
  scene.tree().write("sys/fs/cgroup/user.slice/us.scope/cgroup.procs", "1\n");
  scene.tree().write("sys/fs/cgroup/system.slice/docker-us.scope/cgroup.procs",
                     "0\n" + std::to_string(::getpid()) + "\n");
  scene.tree().write("proc/self/mountinfo",
                     "31 23 0:26 /../.. " + scene.below("") + " rw - cgroup2 cgroup2 rw\n");
  scene.tree().write("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
  const auto found = scene.locate();
  REQUIRE(found);
  CHECK(found->path == "/../docker-" + id + ".scope");
  CHECK(found->host_path == "/" + place);
  CHECK(fs::equivalent(found->directory(Hierarchy::unified), scene.below(place)));
}

TEST_CASE("from a cgroup namespace whose parent is mounted, the path is found directly") {
  const Scene scene(CgroupVersion::v2, "0::/../" + id + "\n");
  scene.make(id);
  scene.tree().write("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
  scene.tree().write("sys/fs/cgroup/cgroup.events", "populated 1\n");  // below the root
  scene.tree().write("proc/self/mountinfo",
                     "31 23 0:26 /.. " + scene.below("") + " rw - cgroup2 cgroup2 rw\n");
  const auto found = scene.locate();
  REQUIRE(found);
  CHECK(found->host_path.empty());  // what is above that parent is not visible
}

TEST_CASE("from a cgroup namespace with only its own part mounted, a container is not visible") {
  const Scene scene(CgroupVersion::v2, "0::/../docker-" + id + ".scope\n");
  check_trouble(scene, Reason::masked, "path.sysfs");
  // Also where such a name is there, below our own.
  scene.make("docker-" + id + ".scope");
  check_trouble(scene, Reason::masked, "cgroup namespace");
}

TEST_CASE("a process in the root cgroup alone is not accepted") {
  const Scene scene(CgroupVersion::v2, "0::/\n");
  check_trouble(scene, Reason::masked, "no cgroup but the root");
}

TEST_CASE("a process of another container has the number by chance, and is not accepted") {
  const auto place = GENERATE("/docker/" + std::string(64, 'b'), "/user.slice/session-1.scope");
  const Scene scene(CgroupVersion::v2, "0::" + std::string(place) + "\n");
  scene.make(std::string(place).substr(1));
  scene.make("docker/" + id);  // nothing is guessed from the id
  check_trouble(scene, Reason::not_its_cgroup, "path.procfs");
}

TEST_CASE("a missing process has ended or is in another pid namespace") {
  const Scene scene(CgroupVersion::v2, "0::/docker/" + id + "\n");
  fs::remove_all(scene.tree().path("proc/4711"));
  check_trouble(scene, Reason::no_process, "another pid namespace");
}

TEST_CASE("processes are hidden if not even the first process is visible") {
  const Scene scene(CgroupVersion::v2, "0::/docker/" + id + "\n");
  fs::remove_all(scene.tree().path("proc/4711"));
  fs::remove_all(scene.tree().path("proc/1"));
  check_trouble(scene, Reason::hidden, "hidepid");
}

TEST_CASE("the error about a directory that is no /proc says so") {
  const Scene scene(CgroupVersion::v2, "");
  fs::remove_all(scene.tree().path("proc"));
  check_trouble(scene, Reason::no_hierarchy, "path.procfs");
}

TEST_CASE("the error without a mounted cgroup has the remedy") {
  const Scene scene(CgroupVersion::v2, "0::/docker/" + id + "\n");
  scene.tree().write("proc/self/mountinfo",
                     "31 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  check_trouble(scene, Reason::no_hierarchy, "path.sysfs");
}

TEST_CASE("with cgroup v1 a file of its own marks the root of a hierarchy") {
  const bool is_root = GENERATE(true, false);
  const Scene scene(CgroupVersion::v1, "4:memory:/../docker/" + id + "\n");
  scene.make("memory/docker/" + id);
  if (is_root) scene.tree().write("sys/fs/cgroup/memory/release_agent", "\n");
  scene.tree().write("proc/self/mountinfo",
                     "31 23 0:26 /.. " + scene.below("memory") + " rw - cgroup cgroup rw,memory\n");
  CHECK(scene.locate().value().host_path == (is_root ? "/docker/" + id : ""));
}

TEST_CASE("the error of a refused cgroup has its path and the reason, and nothing throws") {
  const Scene scene(CgroupVersion::v2, "0::/docker/" + id + "\n");
  scene.make("docker");
  fs::create_symlink("loop", scene.below("docker/loop"));
  fs::create_symlink("loop", scene.below("docker/" + id));  // ELOOP, as EACCES without the rights
  check_trouble(scene, Reason::unreadable, "Too many levels of symbolic links");
}

TEST_CASE("a cgroup that has been removed is gone") {
  const Scene scene(CgroupVersion::v2, "0::/docker/" + id + " (deleted)\n");
  check_trouble(scene, Reason::gone, "removed");
}

TEST_CASE("garbage in place of the kernel's lines is no cgroup") {
  const auto text =
      GENERATE("", "\n", ":\n", "::\n", "0:\n", "a:b\n", "0::", ":::::\n", "0:,,,:\n");
  const Scene scene(CgroupVersion::v1, text);
  CHECK_FALSE(scene.locate());
}

TEST_CASE("this process is in no container of another id, on the real kernel") {
  Locator locator({});
  const auto found = locator.locate(::getpid(), id);
  REQUIRE_FALSE(found);
  CHECK_FALSE(found.error().message.empty());
}
