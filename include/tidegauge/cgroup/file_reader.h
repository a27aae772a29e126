#pragma once

// Reads whole kernel files into one buffer that is used again and again: no allocation once it has
// grown to the largest of them. Used by one thread.

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace tidegauge::cgroup {

class FileReader {
 public:
  /// From its beginning, or errno. The text is overwritten by the next one.
  [[nodiscard]] std::expected<std::string_view, int> read(int fd);
  /// Opens, reads and closes.
  [[nodiscard]] std::expected<std::string_view, int> read(const char* path);

 private:
  std::vector<char> buffer_ = std::vector<char>(std::size_t{16} * 1024);
};

/// A file whose lines may be longer than what a FileReader takes for the end, as mountinfo's of an
/// overlay: read until the kernel says that it ends. Or errno.
[[nodiscard]] std::expected<std::string, int> read_to_end(const std::string& path);
[[nodiscard]] std::expected<std::string, int> read_to_end(int fd);

}  // namespace tidegauge::cgroup
