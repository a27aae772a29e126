// docs/architecture.md against the code: its tables of layers, threads and locks name what there
// is, all of it and nothing else.

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "support/catch.h"

namespace fs = std::filesystem;

namespace {

using Names = std::set<std::string>;

const fs::path root = TIDEGAUGE_SOURCE_DIR;

std::string read(const fs::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// What `pattern` captures in the rows of the table below the heading `## <heading>`.
Names named_in_table(const std::string& heading, const std::regex& pattern) {
  std::istringstream page(read(root / "docs" / "architecture.md"));
  Names names;
  bool is_below = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("## ")) is_below = line == "## " + heading;
    if (!is_below || !line.starts_with('|')) continue;
    for (std::sregex_iterator found(line.begin(), line.end(), pattern), end; found != end;
         ++found) {
      names.insert((*found)[1]);
    }
  }
  return names;
}

/// "pool/pool_state" of "src/pool/pool_state.cpp" and of "include/tidegauge/pool/pool_state.h".
std::string stem_of(const fs::path& file) {
  return file.parent_path().filename() / file.stem();
}

/// The sources in which `pattern` is found.
Names sources_with(const std::regex& pattern) {
  Names stems;
  for (const auto* const folder : {"src", "include"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const auto extension = entry.path().extension();
      if (extension != ".cpp" && extension != ".h") continue;
      if (std::regex_search(read(entry.path()), pattern)) stems.insert(stem_of(entry.path()));
    }
  }
  return stems;
}

Names files_named_in_table(const std::string& heading) {
  return named_in_table(heading, std::regex(R"(`(?:src|include/tidegauge)/(\w+/\w+)\.(?:h|cpp)`)"));
}

}  // namespace

TEST_CASE("the table of layers names the folders of the sources") {
  Names folders;
  for (const auto& entry : fs::directory_iterator(root / "src")) {
    if (entry.is_directory()) folders.insert(entry.path().filename());
  }
  CHECK(named_in_table("Layers", std::regex(R"(^\| `(\w+)` )")) == folders);
}

TEST_CASE("the table of threads names each file that starts a thread") {
  const std::regex starts_thread(
      R"(\bstd::j?thread (\w+;|\w+\()|\bstd::j?thread\(\[|std::vector<std::jthread>|MHD_start_daemon|spdlog::details::thread_pool)");
  CHECK(files_named_in_table("Threads") == sources_with(starts_thread));
}

TEST_CASE("the table of locks names each file that has a lock") {
  const std::regex declares_lock(
      R"((?:^|\n) +(?:mutable |const )*(?:std::(?:shared|unique)_ptr<)?(?:Mutex|std::mutex|Guarded<[^\n;(]+>)>? \w+)");
  auto sources = sources_with(declares_lock);
  sources.erase("util/mutex");    // the lock itself,
  sources.erase("util/guarded");  // and data with one
  CHECK(files_named_in_table("Locks") == sources);
}
