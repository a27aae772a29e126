#include "app/descriptor_plan.h"

#include "support/catch.h"

using namespace tidegauge;
using app::plan_descriptors;
using test::contains;
using test::error_of;
using test::value_of;

namespace {

/// 3 * (16 + 16) for calls, 256 for clients, 32 for samples and 32 for itself are 416.
config::Config defaults() {
  return {};
}

}  // namespace

TEST_CASE("with descriptors enough every client has one, and files of the kernel the rest") {
  const auto plan = value_of(plan_descriptors(defaults(), 1'024));
  CHECK(plan.clients == 256);
  CHECK(plan.kernel_per_monitor == 608);
}

TEST_CASE("clients are fewer where descriptors are few, before samples and calls go without") {
  const auto edge = value_of(plan_descriptors(defaults(), 416));
  CHECK(edge.clients == 256);
  CHECK(edge.kernel_per_monitor == 0);
  const auto few = value_of(plan_descriptors(defaults(), 200));
  CHECK(few.clients == 40);
  CHECK(few.kernel_per_monitor == 0);
}

TEST_CASE("several Engines share the rest") {
  auto config = defaults();
  config.endpoints.resize(2);
  const auto plan = value_of(plan_descriptors(config, 1'544));
  CHECK(plan.clients == 256);
  CHECK(plan.kernel_per_monitor == 500);
}

TEST_CASE("a limit too low for calls and samples is refused with the remedy") {
  CHECK(value_of(plan_descriptors(defaults(), 164)).clients == 4);
  const auto message = error_of(plan_descriptors(defaults(), 163)).message;
  CHECK_THAT(message, contains("may have 163 descriptors and needs 164"));
  CHECK_THAT(message, contains("LimitNOFILE=") && contains("pool.max_connections"));
  auto config = defaults();
  config.pool.max_connections = 4;
  config.pool.max_streams = 2;
  CHECK(value_of(plan_descriptors(config, 100)).clients == 18);
}
