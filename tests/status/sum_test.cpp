#include "status/sum.h"

#include <vector>

#include "support/catch.h"

using namespace tidegauge;

namespace {

struct Device {
  std::optional<std::uint64_t> bytes;
};

std::optional<std::uint64_t> bytes_of(const std::vector<Device>& devices) {
  return status::sum_of(devices, &Device::bytes);
}

}  // namespace

TEST_CASE("devices without the count add nothing, and nothing is known where none has it") {
  CHECK(bytes_of({{.bytes = 3}, {.bytes = std::nullopt}, {.bytes = 4}}) == 7);
  CHECK(bytes_of({{.bytes = 0}}) == 0);
  CHECK_FALSE(bytes_of({{.bytes = std::nullopt}}));
  CHECK_FALSE(bytes_of({}));
}
