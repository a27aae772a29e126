#include "monitor/cgroup_path.h"

#include <optional>
#include <string>

#include "support/catch.h"

using namespace tidegauge;

namespace {

std::string path(const std::string& driver, const std::string& parent = "") {
  return monitor::cgroup_path({.id = "abc", .cgroup_parent = parent},
                              model::EngineInfo{.cgroup_driver = driver});
}

}  // namespace

TEST_CASE("with cgroupfs a container is below /docker or below its cgroup parent") {
  CHECK(path("cgroupfs") == "/docker/abc");
  CHECK(path("cgroupfs", "/kubepods/burstable") == "/kubepods/burstable/abc");
  CHECK(path("cgroupfs", "batch") == "/batch/abc");
}

TEST_CASE("with systemd a container is a scope of system.slice or of its own slice") {
  CHECK(path("systemd") == "/system.slice/docker-abc.scope");
  CHECK(path("systemd", "batch.slice") == "/batch.slice/docker-abc.scope");
}

TEST_CASE("slices of systemd nest by the dashes in their names") {
  CHECK(path("systemd", "a-b-c.slice") == "/a.slice/a-b.slice/a-b-c.slice/docker-abc.scope");
}

TEST_CASE("systemd ignores a cgroup parent that is no slice") {
  CHECK(path("systemd", "/docker") == "/system.slice/docker-abc.scope");
}

TEST_CASE("an Engine without info is assumed to use cgroupfs") {
  CHECK(monitor::cgroup_path({.id = "abc"}, std::nullopt) == "/docker/abc");
}
