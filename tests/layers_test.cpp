// The architecture as a test: a layer includes only itself and what stands to its left, and each
// third-party library has one layer that knows it.

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <optional>
#include <regex>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.h"
#include "support/temporary_directory.h"

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 12> layers{"util",    "model",   "json",   "config",
                                                  "http",    "pool",    "docker", "cgroup",
                                                  "monitor", "metrics", "web",    "app"};

struct Library {
  std::string_view header;  ///< how its includes begin
  std::string_view layer;
};

constexpr std::array libraries{
    Library{"spdlog/", "util"},     Library{"fmt/", "util"},
    Library{"yaml-cpp/", "config"}, Library{"curl/", "http"},
    Library{"rapidjson/", "json"},  Library{"prometheus/", "metrics"},
    Library{"microhttpd.h", "web"},
};

/// Folders of the system's own headers; those of C and C++ stand in none.
constexpr std::array<std::string_view, 5> system_folders{"sys/", "netinet/", "arpa/", "net/",
                                                         "linux/"};

/// The place in the order; nothing for what is no layer.
std::optional<std::size_t> position(std::string_view layer) {
  const auto* const found = std::ranges::find(layers, layer);
  if (found == layers.end()) return std::nullopt;
  return static_cast<std::size_t>(found - layers.begin());
}

std::string first_folder(const std::string& path) {
  const auto slash = path.find('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

/// What is wrong with `#include <header>` in a layer; empty where nothing is.
std::string fault_of_library(const std::string& layer, const std::string& header) {
  for (const auto& library : libraries) {
    if (!header.starts_with(library.header)) continue;
    return library.layer == layer ? "" : "belongs to " + std::string(library.layer) + " alone";
  }
  const bool is_system =
      !header.contains('/') || std::ranges::any_of(system_folders, [&](std::string_view folder) {
        return header.starts_with(folder);
      });
  return is_system ? "" : "is of a library that no layer has";
}

/// What is wrong with `#include "header"` in a layer; empty where nothing is.
std::string fault_of_own(const std::string& layer, std::string header) {
  constexpr std::string_view public_folder = "tidegauge/";
  if (header.starts_with(public_folder)) header.erase(0, public_folder.size());
  const auto included = first_folder(header);
  if (included.empty()) return "";  // a private header in the same folder
  if (!position(included)) return "is of no layer";
  return *position(included) <= *position(layer) ? "" : "is of a later layer";
}

/// One line for each include in `text`, a source of `layer`, that breaks the order.
std::vector<std::string> broken_includes(const std::string& layer, const std::string& text) {
  static const std::regex include(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::vector<std::string> broken;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    std::smatch match;
    if (!std::regex_search(line, match, include)) continue;
    auto header = match[2].str();
    const auto fault =
        match[1] == "<" ? fault_of_library(layer, header) : fault_of_own(layer, header);
    if (!fault.empty()) broken.push_back(std::move(header.append(" ").append(fault)));
  }
  return broken;
}

/// The layer of a file, by its folder below `root`; the program's main file counts as the last.
std::string layer_of(const fs::path& root, const fs::path& file) {
  const auto folder = first_folder(file.lexically_relative(root).string());
  return folder.empty() ? std::string(layers.back()) : folder;
}

std::vector<fs::path> sources_below(const fs::path& root) {
  std::vector<fs::path> sources;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const auto extension = entry.path().extension();
    if (extension == ".h" || extension == ".cpp") sources.push_back(entry.path());
  }
  return sources;
}

}  // namespace

TEST_CASE("every source includes only its own layer and those before it") {
  const fs::path project = TIDEGAUGE_SOURCE_DIR;
  for (const auto& root : {project / "include" / "tidegauge", project / "src"}) {
    const auto sources = sources_below(root);
    CHECK_FALSE(sources.empty());
    for (const auto& source : sources) {
      const auto layer = layer_of(root, source);
      INFO(source.string());
      REQUIRE(position(layer));
      const auto broken = broken_includes(layer, tidegauge::test::read_file(source));
      CAPTURE(broken);
      CHECK(broken.empty());
    }
  }
}

TEST_CASE("an include of a later layer is found, by its public and by its private name") {
  CHECK(broken_includes("pool", "#include \"tidegauge/monitor/inventory.h\"\n") ==
        std::vector<std::string>{"tidegauge/monitor/inventory.h is of a later layer"});
  CHECK(broken_includes("pool", "  #  include \"docker/replies.h\"\n").size() == 1);
  CHECK(broken_includes("pool", "#include \"../pool/slot.h\"\n").size() == 1);
  CHECK(broken_includes("pool", "#include \"support/catch.h\"\n").size() == 1);
}

TEST_CASE("a library outside its layer is found, and one that no layer has") {
  CHECK(broken_includes("docker", "#include <curl/curl.h>\n") ==
        std::vector<std::string>{"curl/curl.h belongs to http alone"});
  CHECK(broken_includes("web", "#include <prometheus/registry.h>\n").size() == 1);
  CHECK(broken_includes("app", "#include <microhttpd.h>\n").size() == 1);
  CHECK(broken_includes("app", "#include <boost/asio.hpp>\n") ==
        std::vector<std::string>{"boost/asio.hpp is of a library that no layer has"});
}

TEST_CASE("what the order allows is not complained of") {
  CHECK(broken_includes("docker", R"(
      #include "tidegauge/docker/client_manager.h"
      #include "docker/replies.h"
      #include "replies.h"
      #include "tidegauge/model/error.h"
      #include <sys/socket.h>
      #include <vector>
  )")
            .empty());
}
