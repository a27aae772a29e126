#include "metrics/subject_order.h"

#include <cstdint>
#include <vector>

#include "support/catch.h"

using namespace tidegauge;
using metrics::Rotation;
using metrics::SubjectOrder;

namespace {

struct Subject {
  std::uint32_t owner;
};

/// Writes families of one line per container, and returns the first container of each.
std::vector<std::size_t> first_of_families(Rotation rotation, std::size_t containers,
                                           std::size_t line_bytes) {
  std::vector<Subject> subjects;
  for (std::uint32_t owner = 0; owner < containers; ++owner) subjects.push_back({owner});
  SubjectOrder order(rotation);
  std::vector<std::size_t> firsts;
  std::size_t position = 0;
  for (int family = 0; family < 4; ++family) {
    firsts.push_back(order.first(subjects));
    for (std::size_t i = 0; i < containers; ++i) {
      const auto index = (firsts.back() + i) % containers;
      order.begin_lines(subjects[index].owner, position);
      position += line_bytes;
    }
    order.end_family(position);
  }
  return firsts;
}

}  // namespace

TEST_CASE("each family begins with the first container whose lines the window still has") {
  // The window has the lines of 120 of 200 containers.
  CHECK(first_of_families(Rotation::on, 200, 256) == std::vector<std::size_t>{0, 80, 160, 40});
}

TEST_CASE("families that fit within the window always begin with the first container") {
  CHECK(first_of_families(Rotation::on, 120, 256) == std::vector<std::size_t>{0, 0, 0, 0});
}

TEST_CASE("without rotation each family begins with the first container") {
  CHECK(first_of_families(Rotation::off, 200, 256) == std::vector<std::size_t>{0, 0, 0, 0});
}

TEST_CASE("the order goes on where a group has not all containers") {
  SubjectOrder order(Rotation::on);
  for (std::uint32_t owner = 0; owner < 3; ++owner) {
    order.begin_lines(owner, owner * SubjectOrder::window_bytes);
  }
  order.end_family(2 * SubjectOrder::window_bytes + 1);
  CHECK(order.first(std::vector<Subject>{{0}, {1}, {2}, {3}}) == 2);
  CHECK(order.first(std::vector<Subject>{{0}, {3}}) == 1);
  CHECK(order.first(std::vector<Subject>{{0}, {1}}) == 0);
  CHECK(order.first(std::vector<Subject>{}) == 0);
}
