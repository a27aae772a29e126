#include "support/golden_file.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <vector>

#include "support/catch.h"
#include "support/temporary_directory.h"

namespace tidegauge::test {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string first_difference(const std::string& expected, const std::string& actual) {
  auto has = lines_of(expected);
  auto wants = lines_of(actual);
  const auto length = std::max(has.size(), wants.size());
  has.resize(length, "(nothing)");
  wants.resize(length, "(nothing)");
  for (std::size_t i = 0; i < length; ++i) {
    if (has[i] == wants[i]) continue;
    std::ostringstream difference;
    difference << "line " << i + 1 << "\n  has:       " << has[i] << "\n  should be: " << wants[i];
    return difference.str();
  }
  return "the end of the last line";
}

}  // namespace

void check_golden_file(const std::filesystem::path& path, const std::string& actual) {
  if (std::getenv("TIDEGAUGE_UPDATE") != nullptr) {
    std::ofstream(path, std::ios::binary) << actual;
    WARN("rewritten: " << path.string());
  }
  const auto expected = std::filesystem::exists(path) ? read_file(path) : std::string();
  if (expected == actual) {
    SUCCEED();
    return;
  }
  FAIL_CHECK(path.string() << " is out of date: " << first_difference(expected, actual)
                           << "\nIf that is meant, run this test once with TIDEGAUGE_UPDATE=1.");
}

}  // namespace tidegauge::test
