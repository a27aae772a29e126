#pragma once

// Tells whether any of some files has changed, by what stat(2) says about each. A file that does
// not exist is one that may appear. A plain value; both functions ask the file system.

#include <cstdint>
#include <string>
#include <vector>

namespace tidegauge::app {

class FileStamps {
 public:
  FileStamps() = default;
  /// The files as they are now.
  explicit FileStamps(const std::vector<std::string>& files);

  /// Whether all files are still the same.
  [[nodiscard]] bool are_current() const;

 private:
  struct Stamp {
    std::string path;
    bool exists = false;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;  ///< a file that is replaced by rename(2) has another
    std::int64_t size = 0;
    std::int64_t seconds = 0;  ///< of the last change of contents
    std::int64_t nanoseconds = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  static Stamp stamp_of(const std::string& path);

  std::vector<Stamp> stamps_;
};

}  // namespace tidegauge::app
