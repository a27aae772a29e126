#include "cgroup/own_container.h"

#include <filesystem>

#include "support/catch.h"
#include "support/kernel_tree.h"

using namespace tidegauge;
using cgroup::has_machines_first_process;
using cgroup::runs_in_container;

namespace {

/// A /proc, and in it the root directory of this process.
struct Process {
  test::KernelTree tree{test::CgroupVersion::v1};

  Process(const std::string& mark, const std::string& pid_namespace, const std::string& ids) {
    if (!mark.empty()) tree.write("proc/self/root/" + mark, "");
    tree.write("proc/self/status", "Name:\ttidegauge\nNSpid:" + ids + "\nNSpgid:\t1\t1\n");
    std::filesystem::create_symlink(pid_namespace, tree.path("proc/self/ns/pid"));
  }
  [[nodiscard]] bool sees_machine() const {
    return has_machines_first_process(tree.paths().procfs);
  }
};

const std::string first_namespace = "pid:[4026531836]";
const std::string another_namespace = "pid:[4026532460]";

}  // namespace

TEST_CASE("a process that is in no container sees the machine") {
  CHECK(Process("", first_namespace, "\t4711").sees_machine());
  // What LXC calls a container is a machine to its users.
  CHECK(Process("", another_namespace, "\t4711").sees_machine());
}

TEST_CASE("a process in a container sees the machine in the machine's /proc alone") {
  const std::string mark = GENERATE(".dockerenv", "run/.containerenv");
  const Process in_its_own(mark, another_namespace, "\t1");
  CHECK(runs_in_container(in_its_own.tree.paths().procfs));
  CHECK_FALSE(in_its_own.sees_machine());
  CHECK(Process(mark, another_namespace, "\t4711\t1").sees_machine());
  CHECK(Process(mark, first_namespace, "\t4711").sees_machine());  // --pid=host
}

TEST_CASE("a process in a container whose /proc says nothing does not see the machine") {
  const test::KernelTree tree(test::CgroupVersion::v1);
  tree.write("proc/self/root/.dockerenv", "");
  CHECK_FALSE(has_machines_first_process(tree.paths().procfs));
}
