#pragma once

// Holds a test to leaving no descriptor and no thread behind. Made first in the test, so that it
// goes last; what is still open or running then fails the test by name.
//
//   const test::NothingLeftBehind nothing_left_behind;

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <thread>

#include "support/catch.h"
#include "support/eventually.h"

namespace tidegauge::test {

/// The descriptors of this process, as "5 socket:[4711]".
inline std::set<std::string> open_descriptors() {
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const auto target = std::filesystem::read_symlink(entry.path(), gone).string();
    // The descriptor of this very listing is of no interest.
    if (gone || target.ends_with("/fd")) continue;
    found.insert(entry.path().filename().string() + " " + target);
  }
  return found;
}

/// The kernel's ids of the threads of this process.
inline std::set<std::string> running_threads() {
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    found.insert(entry.path().filename());
  }
  return found;
}

class NothingLeftBehind {
 public:
  NothingLeftBehind() {
    // With the first thread of a program ThreadSanitizer starts one of its own, which stays.
    std::thread([] {}).join();
    threads_ = running_threads();
  }
  NothingLeftBehind(const NothingLeftBehind&) = delete;
  NothingLeftBehind& operator=(const NothingLeftBehind&) = delete;
  ~NothingLeftBehind() {
    // A thread that was joined may be in /proc for a moment yet.
    CHECK(eventually([this] { return std::ranges::includes(threads_, running_threads()); }));
    CHECK(open_descriptors() == descriptors_);
  }

 private:
  std::set<std::string> descriptors_ = open_descriptors();
  std::set<std::string> threads_;
};

}  // namespace tidegauge::test
