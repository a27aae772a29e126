#include "http/socket_diagnosis.h"

#include <grp.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace tidegauge::http {
namespace {

std::string group_name(gid_t gid) {
  group entry{};
  group* found = nullptr;
  std::array<char, 4096> buffer{};
  if (getgrgid_r(gid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
    return found->gr_name;
  }
  return std::to_string(gid);
}

/// Whether something is mounted on exactly this path: field 5 of /proc/self/mountinfo.
bool is_mount_point(const std::string& path) {
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields(line);
    std::string id;
    std::string parent;
    std::string device;
    std::string root;
    std::string target;
    if (fields >> id >> parent >> device >> root >> target && target == path) return true;
  }
  return false;
}

Error permission_denied(const std::string& path, const struct stat& status) {
  const auto group = group_name(status.st_gid);
  return {Errc::permission_denied, "permission denied on " + path + ": it belongs to group " +
                                       group + "; run as a member of " + group + " or as root"};
}

Error nobody_listens(const std::string& path) {
  if (is_mount_point(path)) {
    return {Errc::unreachable,
            "nobody listens on " + path +
                ": it is a bind-mounted socket file that has outlived its Engine; mount the "
                "directory that holds the socket instead, and restart this container"};
  }
  return {Errc::unreachable, "nobody listens on " + path + ": is the Engine running?"};
}

}  // namespace

Error diagnose_unix_socket(const std::string& path, int os_error) {
  struct stat status{};
  if (os_error == EACCES || os_error == EPERM) {
    if (::stat(path.c_str(), &status) == 0) return permission_denied(path, status);
    return {Errc::permission_denied,
            "permission denied on a directory above " + path + "; run as a user who may enter it"};
  }
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOTDIR) return {Errc::misconfigured, path + ": " + std::strerror(ENOTDIR)};
    return {Errc::unreachable, "no socket at " + path + ": is the Engine running, and there?"};
  }
  if (!S_ISSOCK(status.st_mode)) {
    return {Errc::misconfigured, path + " is not a socket; set socket_path to the Engine's"};
  }
  if (os_error == 0 || os_error == EAGAIN) {
    return {Errc::unreachable, "the queue of connections to " + path +
                                   " is full: the Engine does not accept them any more"};
  }
  if (os_error == ECONNREFUSED) return nobody_listens(path);
  return {Errc::unreachable, path + ": " + std::strerror(os_error)};
}

}  // namespace tidegauge::http
