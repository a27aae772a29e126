#include "tidegauge/cgroup/device_names.h"

#include "support/catch.h"
#include "support/kernel_tree.h"

using namespace tidegauge;
using test::KernelTree;

TEST_CASE("a block device has the kernel's name, which is read once") {
  const KernelTree tree(test::CgroupVersion::v2);
  tree.write("sys/dev/block/259:1/uevent",
             "MAJOR=259\nMINOR=1\nDEVNAME=nvme0n1p1\nDEVTYPE=partition\n");
  cgroup::DeviceNames names(tree.paths().sysfs);
  CHECK(names.name(259, 1) == "/dev/nvme0n1p1");
  tree.write("sys/dev/block/259:1/uevent", "DEVNAME=other\n");
  CHECK(names.name(259, 1) == "/dev/nvme0n1p1");
  names.forget();
  CHECK(names.name(259, 1) == "/dev/other");
}

TEST_CASE("a device that the kernel does not show has no name") {
  const KernelTree tree(test::CgroupVersion::v2);
  tree.write("sys/dev/block/8:0/uevent", "MAJOR=8\nDEVNAME=\n");
  cgroup::DeviceNames names(tree.paths().sysfs);
  CHECK(names.name(8, 0).empty());
  CHECK(names.name(8, 1).empty());
}
