#pragma once

// Files that hold what the program is expected to print. With TIDEGAUGE_UPDATE=1 in the environment
// they are rewritten instead of compared.

#include <filesystem>
#include <string>

namespace tidegauge::test {

/// Fails the running test, and names the first line that differs, unless the file holds exactly
/// `actual`.
void check_golden_file(const std::filesystem::path& path, const std::string& actual);

}  // namespace tidegauge::test
