#pragma once

// A directory under /tmp that goes with its object. Its path is short enough for Unix sockets.

#include <filesystem>
#include <string>
#include <string_view>

namespace tidegauge::test {

class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// The path of `name` in it.
  [[nodiscard]] std::string file(std::string_view name) const { return path_ / name; }
  /// Writes a file into it and returns its path.
  [[nodiscard]] std::string write(std::string_view name, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

/// The whole of a file; throws where it cannot be read.
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

}  // namespace tidegauge::test
