// A mounted file system that never answers: a FUSE mount whose helper reads nothing.

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>

#include "support/catch.h"
#include "support/eventually.h"
#include "support/kernel_tree.h"
#include "support/nothing_left_behind.h"
#include "support/temporary_directory.h"
#include "tidegauge/cgroup/host_files.h"
#include "tidegauge/util/unique_fd.h"

using namespace tidegauge;

namespace {

/// Seen by this thread, and by threads that it starts meanwhile.
class DeadFuseMount {
 public:
  explicit DeadFuseMount(const std::string& point)
      : before_(::open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC)),
        helper_(::open("/dev/fuse", O_RDWR | O_CLOEXEC)) {
    if (!helper_.valid() || ::unshare(CLONE_NEWNS) != 0) return;
    unshared_ = true;
    const auto options =
        "fd=" + std::to_string(helper_.get()) + ",rootmode=40000,user_id=0,group_id=0";
    made_ = ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
            ::mount("/dev/sdz1", point.c_str(), "fuse", 0, options.c_str()) == 0;
  }
  DeadFuseMount(const DeadFuseMount&) = delete;
  DeadFuseMount& operator=(const DeadFuseMount&) = delete;
  ~DeadFuseMount() {
    die();
    if (!unshared_) return;
    // The kernel refuses while threads that were started meanwhile have not ended.
    CHECK(test::eventually([this] { return ::setns(before_.get(), CLONE_NEWNS) == 0; }));
  }

  [[nodiscard]] bool made() const { return made_; }
  /// The helper is gone: the kernel fails what has waited for it.
  void die() { helper_.reset(); }

 private:
  UniqueFd before_;
  UniqueFd helper_;
  bool unshared_ = false;
  bool made_ = false;
};

std::string mount_line(const std::string& point, const std::string& source) {
  return "26 1 254:0 / " + point + " rw,relatime shared:1 - ext4 " + source + " rw\n";
}

}  // namespace

TEST_CASE("a FUSE mount that never answers is left out and named, and the others are shown") {
  const test::NothingLeftBehind nothing_left_behind;
  const test::TemporaryDirectory directory;
  const auto point = directory.file("mount");
  std::filesystem::create_directory(point);
  const test::KernelTree tree(test::CgroupVersion::v2);
  tree.write("proc/self/mountinfo", mount_line(point, "/dev/sdz1") + mount_line("/", "/dev/vda1"));
  DeadFuseMount fuse(point);
  if (!fuse.made()) {
    WARN("NOT TESTED: a FUSE mount needs root and /dev/fuse");
    return;
  }
  {
    cgroup::HostFiles files(tree.paths());
    const auto begun = steady_now();
    for (int again = 0; again < 5; ++again) {
      const auto host = files.sample("");
      REQUIRE(host.filesystems.size() == 1);
      CHECK(host.filesystems[0].device == "/dev/vda1");
      CHECK(host.stuck_filesystems.empty() == (again == 0));
    }
    CHECK(steady_now() - begun < Milliseconds{5'000});  // one deadline, not five
  }
  {
    cgroup::HostFiles files(tree.paths());
    static_cast<void>(files.sample(""));
    fuse.die();
    CHECK(test::eventually([&] { return files.sample("").stuck_filesystems.empty(); }));
  }
}
