#include "tidegauge/cgroup/process_names.h"

#include <filesystem>
#include <string>
#include <vector>

#include "support/catch.h"
#include "support/kernel_tree.h"

using namespace tidegauge;
using test::CgroupVersion;
using test::KernelTree;

namespace {

constexpr int pid = 4711;
const std::string id(64, 'a');
const std::string directory = "sys/fs/cgroup/docker/" + id;

/// A container with the processes 4711 and, in a child cgroup, 4712.
struct ContainerTree : KernelTree {
  ContainerTree() : KernelTree(CgroupVersion::v2) {
    write("proc/4711/cgroup", "0::/docker/" + id + "\n");
    write(directory + "/cgroup.procs", "4711\n");
    write(directory + "/child/cgroup.procs", "4712\n");
    write("proc/4711/comm", "systemd\n");
    write("proc/4712/comm", "a b<c>\n");
  }
};

std::optional<std::vector<std::string>> names(const KernelTree& tree, std::size_t most = 100) {
  return cgroup::process_names(tree.paths(), pid, id, most);
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("the processes of a container are named, with those of its child cgroups") {
  CHECK(names(ContainerTree()) == Names{"systemd", "a b<c>"});
}

TEST_CASE("no more are named than wanted") {
  CHECK(names(ContainerTree(), 1) == Names{"systemd"});
}

TEST_CASE("no more cgroups are read than needed, however many a container makes") {
  const ContainerTree tree;
  for (int i = 0; i < 500; ++i) {
    tree.write(directory + "/many-" + std::to_string(i) + "/cgroup.procs", "4712\n");
  }
  CHECK(names(tree, 1'000)->size() <= 201);
}

TEST_CASE("a process that has ended has no name") {
  const ContainerTree tree;
  std::filesystem::remove(tree.path("proc/4712/comm"));
  CHECK(names(tree) == Names{"systemd"});
}

TEST_CASE("a container that is not visible has no names") {
  const ContainerTree tree;
  CHECK_FALSE(cgroup::process_names(tree.paths(), pid, std::string(64, 'b'), 100));
  CHECK_FALSE(cgroup::process_names(tree.paths(), 1, id, 100));
  std::filesystem::remove_all(tree.path(directory));
  CHECK_FALSE(names(tree));
}
