#include "app/file_stamps.h"

#include <sys/stat.h>

#include <algorithm>

namespace tidegauge::app {

FileStamps::FileStamps(const std::vector<std::string>& files) {
  for (const auto& path : files) stamps_.push_back(stamp_of(path));
}

bool FileStamps::are_current() const {
  return std::ranges::all_of(stamps_,
                             [](const Stamp& stamp) { return stamp == stamp_of(stamp.path); });
}

FileStamps::Stamp FileStamps::stamp_of(const std::string& path) {
  Stamp stamp{.path = path};
  struct stat file{};
  if (::stat(path.c_str(), &file) != 0) return stamp;
  stamp.exists = true;
  stamp.device = file.st_dev;
  stamp.inode = file.st_ino;
  stamp.size = file.st_size;
  stamp.seconds = file.st_mtim.tv_sec;
  stamp.nanoseconds = file.st_mtim.tv_nsec;
  return stamp;
}

}  // namespace tidegauge::app
