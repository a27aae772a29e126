#include "tidegauge/cgroup/file_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "tidegauge/util/unique_fd.h"

namespace tidegauge::cgroup {
namespace {

/// The kernel makes a file of many records (net/dev) in pages of 4096 bytes and hands out what it
/// has when the next record does not fit. So much of a page is left empty by no record: where less
/// was handed out, that was all, and there is no need to ask again.
constexpr std::size_t less_is_the_end = 2048;
constexpr std::size_t largest = std::size_t{16} * 1024 * 1024;

}  // namespace

std::expected<std::string_view, int> FileReader::read(int fd) {
  std::size_t size = 0;
  while (true) {
    if (size == buffer_.size()) {
      if (size >= largest) return std::unexpected(EFBIG);
      buffer_.resize(2 * size);
    }
    const auto got =
        ::pread(fd, buffer_.data() + size, buffer_.size() - size, static_cast<off_t>(size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(errno);
    size += static_cast<std::size_t>(got);
    if (static_cast<std::size_t>(got) < less_is_the_end && size < buffer_.size()) break;
  }
  return std::string_view(buffer_.data(), size);
}

std::expected<std::string_view, int> FileReader::read(const char* path) {
  const UniqueFd fd(::open(path, O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return std::unexpected(errno);
  return read(fd.get());
}

std::expected<std::string, int> read_to_end(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return std::unexpected(errno);
  return read_to_end(fd.get());
}

std::expected<std::string, int> read_to_end(int fd) {
  std::string text;
  char buffer[4096];
  while (true) {
    const auto got = ::pread(fd, buffer, sizeof buffer, static_cast<off_t>(text.size()));
    if (got == 0) return text;
    if (got > 0) {
      text.append(buffer, static_cast<std::size_t>(got));
    } else if (errno != EINTR) {
      return std::unexpected(errno);
    }
  }
}

}  // namespace tidegauge::cgroup
