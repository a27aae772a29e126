#include "tidegauge/cgroup/process_names.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "cgroup/text.h"
#include "tidegauge/cgroup/file_reader.h"

namespace tidegauge::cgroup {
namespace {

namespace fs = std::filesystem;

/// A container may make any number of child cgroups.
constexpr std::size_t most_directories = 200;

class NameReader {
 public:
  NameReader(const std::string& procfs, std::size_t most) : procfs_(procfs), most_(most) {}

  /// A container may have child cgroups, for example if it runs systemd.
  void read_below(const std::string& directory) {
    if (names_.size() == most_ || directories_ == most_directories) return;
    ++directories_;
    const auto processes = read_to_end(directory + "/cgroup.procs");
    if (!processes) return;
    is_visible_ = true;
    std::string_view rest = *processes;
    while (const auto pid = take_line(rest)) {
      if (names_.size() == most_) return;
      add_name(*pid);
    }
    std::error_code error;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
      std::error_code gone;
      if (entry->is_directory(gone)) read_below(entry->path().string());
    }
  }

  [[nodiscard]] std::optional<std::vector<std::string>> take() {
    if (!is_visible_) return std::nullopt;
    return std::move(names_);
  }

 private:
  /// A process that has ended meanwhile has no name.
  void add_name(std::string_view pid) {
    auto name = read_to_end((procfs_ + "/").append(pid).append("/comm"));
    if (!name) return;
    if (name->ends_with('\n')) name->pop_back();
    names_.push_back(*std::move(name));
  }

  const std::string& procfs_;
  const std::size_t most_;
  std::vector<std::string> names_;
  std::size_t directories_ = 0;
  bool is_visible_ = false;
};

}  // namespace

std::optional<std::vector<std::string>> process_names(const Paths& paths, int pid,
                                                      std::string_view id, std::size_t most) {
  Locator locator(paths);
  const auto location = locator.locate(pid, id);
  if (!location) return std::nullopt;
  const auto directory = std::ranges::find_if_not(location->directories, &std::string::empty);
  if (directory == location->directories.end()) return std::nullopt;
  NameReader reader(paths.procfs, most);
  reader.read_below(*directory);
  return reader.take();
}

}  // namespace tidegauge::cgroup
