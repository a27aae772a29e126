#include "tidegauge/cgroup/locator.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <ranges>
#include <system_error>
#include <utility>

#include "cgroup/mountinfo.h"
#include "cgroup/text.h"
#include "tidegauge/cgroup/file_reader.h"

namespace tidegauge::cgroup {

namespace fs = std::filesystem;
using Reason = CgroupError::Reason;
using Components = std::vector<std::string>;

namespace {

constexpr std::string_view up = "..";

Components components_of(std::string_view path) {
  Components components;
  for (auto name = take_word(path, '/'); !name.empty(); name = take_word(path, '/')) {
    components.emplace_back(name);
  }
  return components;
}

template <class Names>
std::string joined(std::string path, const Names& names) {
  for (const auto& name : names) path.append("/").append(name);
  return path;
}

/// How many steps up a path begins with.
std::size_t steps_up(const Components& path) {
  return static_cast<std::size_t>(
      std::ranges::find_if(path, [](const auto& name) { return name != up; }) - path.begin());
}

/// Whether a mounted directory is the root of its hierarchy, by files that the kernel has only
/// below the root of v2, and only in the root of v1.
bool is_root(const std::string& mounted) {
  const auto has = [&](std::string_view name) {
    return ::access((mounted + "/").append(name).c_str(), F_OK) == 0;
  };
  return has("cgroup.controllers") ? !has("cgroup.events") : has("release_agent");
}

std::optional<Hierarchy> hierarchy_of(std::string_view controller) {
  constexpr std::array<std::pair<std::string_view, Hierarchy>, 6> names{
      {{"cpu", Hierarchy::cpu},
       {"cpuacct", Hierarchy::cpuacct},
       {"memory", Hierarchy::memory},
       {"blkio", Hierarchy::blkio},
       {"pids", Hierarchy::pids},
       {"hugetlb", Hierarchy::hugetlb}}};
  for (const auto& [name, hierarchy] : names) {
    if (name == controller) return hierarchy;
  }
  return std::nullopt;
}

bool is_absence(const std::error_code& error) {
  return error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory;
}

std::unexpected<CgroupError> error(Reason reason, std::string message) {
  return std::unexpected(CgroupError{reason, std::move(message)});
}

}  // namespace

std::expected<Location, CgroupError> Locator::locate(int pid, std::string_view id) {
  const auto text = read_to_end(paths_.procfs + "/" + std::to_string(pid) + "/cgroup");
  if (!text) return std::unexpected(why_unreadable(pid, text.error()));
  if (mounts_.empty()) {
    if (auto refused = find_mounts()) return std::unexpected(*std::move(refused));
  }
  if (mounts_.empty()) {
    return error(Reason::no_hierarchy, "no cgroup file system is mounted below " + paths_.sysfs +
                                           "; mount the host's /sys, and name that directory as "
                                           "path.sysfs");
  }
  Location location{.pid = pid};
  Components elsewhere;
  Components masked;
  std::optional<CgroupError> refused;
  for (auto& [hierarchy, path] : memberships(*text)) {
    const auto named = std::ranges::find_if(
        path, [&](const std::string& name) { return !id.empty() && name.contains(id); });
    if (named == path.end()) {
      elsewhere = path;
      continue;
    }
    if (path.back().ends_with(" (deleted)")) {
      return error(Reason::gone, "its cgroup has been removed");
    }
    path.erase(named + 1, path.end());
    auto directory = directory_of(hierarchy, path);
    if (!directory && !is_absence(directory.error())) {
      refused = {Reason::unreadable, "the cgroup " + joined({}, path) + " below " + paths_.sysfs +
                                         ": " + directory.error().message()};
    }
    if (!directory) {
      masked = path;
      continue;
    }
    if (location.path.empty()) {
      location.path = joined({}, path);
      location.host_path = std::move(directory->host_path);
    }
    location.directories[static_cast<std::size_t>(hierarchy)] = std::move(directory->name);
  }
  if (!location.path.empty()) return location;
  if (refused) return std::unexpected(*std::move(refused));
  return std::unexpected(why_not_found(pid, elsewhere, masked));
}

CgroupError Locator::why_not_found(int pid, const Components& elsewhere,
                                   const Components& masked) const {
  const auto process = "process " + std::to_string(pid) + " of " + paths_.procfs;
  if (!masked.empty()) {
    return {Reason::masked, "the cgroup " + joined({}, masked) + " of " + process +
                                " is not in what is mounted below " + paths_.sysfs +
                                ": a cgroup namespace hides it; mount the host's /sys, and name "
                                "that directory as path.sysfs"};
  }
  if (!elsewhere.empty()) {
    return {Reason::not_its_cgroup,
            process + " is in the cgroup " + joined({}, elsewhere) +
                ", which is another's: the Engine's processes have other numbers, of another pid "
                "namespace; name the host's /proc as path.procfs"};
  }
  return {Reason::masked, process +
                              " shows no cgroup but the root: a cgroup namespace hides it, or it "
                              "is another's process; name the host's /proc as path.procfs"};
}

/// The first process of a pid namespace is always there: where it is not seen, others are not.
CgroupError Locator::why_unreadable(int pid, int error) const {
  const auto is_there = [&](std::string_view name) {
    return ::access(joined(paths_.procfs, std::array{name}).c_str(), F_OK) == 0;
  };
  const bool absent = error == ENOENT || error == ESRCH;
  if (absent && !is_there("self")) {
    return {Reason::no_hierarchy, paths_.procfs + " is no proc file system; see path.procfs"};
  }
  if (absent ? !is_there("1") : error == EACCES || error == EPERM) {
    return {Reason::hidden, "others' processes are hidden in " + paths_.procfs +
                                " (hidepid); run as root, or in the group that its option gid "
                                "names, or mount it without hidepid"};
  }
  if (absent) {
    return {Reason::no_process, "no process " + std::to_string(pid) + " in " + paths_.procfs +
                                    ": it has ended, or it is in another pid namespace; then "
                                    "name the host's /proc as path.procfs"};
  }
  return refusal(paths_.procfs + "/" + std::to_string(pid) + "/cgroup", error);
}

/// Lines like "4:cpu,cpuacct:/docker/<id>" and "0::/docker/<id>".
std::vector<Locator::Membership> Locator::memberships(std::string_view text) {
  std::vector<Membership> all;
  while (const auto line = take_line(text)) {
    const auto first = line->find(':');
    const auto second = line->find(':', std::min(first, line->size() - 1) + 1);
    if (second == std::string_view::npos) continue;
    auto controllers = line->substr(first + 1, second - first - 1);
    const auto path = components_of(line->substr(second + 1));
    if (path.empty()) continue;
    if (controllers.empty()) all.push_back({Hierarchy::unified, path});
    for (auto name = take_word(controllers, ','); !name.empty();
         name = take_word(controllers, ',')) {
      if (const auto hierarchy = hierarchy_of(name)) all.push_back({*hierarchy, path});
    }
  }
  return all;
}

/// Nothing, unless the system has refused to tell.
std::optional<CgroupError> Locator::find_mounts() {
  const auto file = paths_.procfs + "/self/mountinfo";
  const auto text = read_to_end(file);
  if (!text && text.error() == ENOENT) return std::nullopt;
  if (!text) return refusal(file, text.error());
  std::error_code unresolved;
  auto below = fs::weakly_canonical(paths_.sysfs, unresolved).string();
  if (unresolved) below = paths_.sysfs;
  std::string_view rest = *text;
  while (const auto line = take_line(rest)) {
    const auto mount = parse_mount_line(*line);
    if (!mount || !is_below(mount->point, below)) continue;
    const auto root = components_of(mount->root);
    if (mount->type == "cgroup2") {
      mounts_.push_back({Hierarchy::unified, mount->point, root, {}});
    }
    if (mount->type != "cgroup") continue;
    auto controllers = mount->super_options;
    for (auto name = take_word(controllers, ','); !name.empty();
         name = take_word(controllers, ',')) {
      if (const auto hierarchy = hierarchy_of(name)) {
        mounts_.push_back({*hierarchy, mount->point, root, {}});
      }
    }
  }
  return std::nullopt;
}

std::string_view Locator::mount_point(Hierarchy hierarchy) const noexcept {
  const auto mount = std::ranges::find(mounts_, hierarchy, &Mount::hierarchy);
  return mount == mounts_.end() ? std::string_view() : mount->point;
}

std::expected<std::string, CgroupError> Locator::unified_root() {
  if (mounts_.empty()) {
    if (auto refused = find_mounts()) return std::unexpected(*std::move(refused));
  }
  bool has_part = false;
  for (const auto& mount : mounts_) {
    if (mount.hierarchy != Hierarchy::unified) continue;
    if (is_root(mount.point)) return mount.point;
    has_part = true;
  }
  if (has_part) {
    return error(Reason::masked, "a cgroup namespace hides the root of cgroup v2 below " +
                                     paths_.sysfs +
                                     "; mount the host's /sys, and name that directory as "
                                     "path.sysfs");
  }
  return error(Reason::no_hierarchy, "no cgroup v2 is mounted below " + paths_.sysfs);
}

/// In the first mount that shows the path. The error is that of the mount that refused to be
/// looked at, if one did.
std::expected<Locator::Directory, std::error_code> Locator::directory_of(Hierarchy hierarchy,
                                                                         const Components& path) {
  auto reason = std::make_error_code(std::errc::no_such_file_or_directory);
  for (auto& mount : mounts_) {
    if (mount.hierarchy != hierarchy) continue;
    const auto directory = directory_in(mount, path);
    if (!directory) continue;
    std::error_code error;
    if (fs::is_directory(*directory, error)) {
      return Directory{.name = *directory, .host_path = host_path(mount, path, *directory)};
    }
    if (error && !is_absence(error)) reason = error;
  }
  return std::unexpected(reason);
}

/// Example: from a container in /system.slice/docker-us.scope with a cgroup namespace of its own
/// and the host's /sys, the mount's root is "/../.." and another container's path
/// "/../docker-<id>.scope". Its directory below the mount point is its path on the host.
std::string Locator::host_path(const Mount& mount, const Components& path,
                               const std::string& directory) {
  const bool starts_here = steps_up(mount.root) == 0 && steps_up(path) == 0;
  if (starts_here) return joined({}, path);
  const bool is_top = steps_up(mount.root) == mount.root.size() && is_root(mount.point);
  return is_top ? joined({}, components_of(directory.substr(mount.point.size()))) : "";
}

/// Both the mount's root and the path are as seen from our cgroup namespace.
std::optional<std::string> Locator::directory_in(Mount& mount, const Components& path) {
  const auto& root = mount.root;
  const auto root_up = steps_up(root);
  const auto path_up = steps_up(path);
  if (root_up == path_up) {
    if (!std::ranges::equal(root, path | std::views::take(root.size()))) return std::nullopt;
    return joined(mount.point, path | std::views::drop(root.size()));
  }
  if (root_up < path_up || root.size() > root_up) return std::nullopt;
  // Between the two are names above our own namespace, which the kernel does not tell.
  const auto us = path_of_us(mount);
  if (us.size() < root_up) return std::nullopt;
  const auto shared = joined(mount.point, us | std::views::take(root_up - path_up));
  return joined(shared, path | std::views::drop(path_up));
}

/// Where our own process is below the mount. Looked for until one search has ended without an
/// error.
Components Locator::path_of_us(Mount& mount) const {
  if (mount.above_us) return *mount.above_us;
  std::error_code error;
  auto us = find_us(mount, error);
  if (!error) mount.above_us = us;
  return us;
}

/// The one directory that lists our own process, as deep as it must be. A cgroup that is removed
/// meanwhile ends the search with an error.
Components Locator::find_us(const Mount& mount, std::error_code& error) const {
  const auto text = read_to_end(paths_.procfs + "/self/cgroup");
  const auto of_us = memberships(text.value_or(std::string()));
  const auto found = std::ranges::find(of_us, mount.hierarchy, &Membership::hierarchy);
  const auto deeper = found == of_us.end() ? 0 : found->path.size();
  const auto depth = steps_up(mount.root) + deeper;
  const auto us = std::to_string(::getpid());
  fs::recursive_directory_iterator entry(mount.point, fs::directory_options::skip_permission_denied,
                                         error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    const auto at = static_cast<std::size_t>(entry.depth()) + 1;
    std::error_code gone;
    const bool is_directory = entry->is_directory(gone);
    if (!is_directory || at >= depth) entry.disable_recursion_pending();
    if (at != depth || !is_directory) continue;
    const auto processes = read_to_end(entry->path() / "cgroup.procs");
    std::string_view rest = processes ? std::string_view(*processes) : std::string_view();
    for (auto line = take_line(rest); line; line = take_line(rest)) {
      if (*line == us) return components_of(entry->path().string().substr(mount.point.size()));
    }
  }
  return {};
}

}  // namespace tidegauge::cgroup
