#include "app/state_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "app/json_members.h"
#include "app/lifecycle_json.h"
#include "app/run_end_json.h"
#include "tidegauge/json/reader.h"
#include "tidegauge/json/writer.h"
#include "tidegauge/util/timestamp.h"
#include "tidegauge/util/unique_fd.h"
#include "tidegauge/util/utf8.h"

namespace tidegauge::app {
namespace {

using monitor::RestoredState;

constexpr std::uint64_t version = 1;
constexpr std::size_t buffer_bytes = std::size_t{64} << 10U;

std::unexpected<Error> system_failure(const std::string& what) {
  return fail(Errc::system, what + ": " + std::generic_category().message(errno));
}

// --- the text -----------------------------------------------------------------------------------

/// The line that `write` makes of a Writer.
template <class Write>
std::string line_of(const Write& write) {
  std::string line;
  json::Writer writer(line);
  write(writer);
  return line + '\n';
}

std::string header_line(std::string_view endpoint, const RestoredState& state, std::size_t ends,
                        std::size_t names) {
  return line_of([&](json::Writer& writer) {
    writer.object([&] {
      writer.key("tidegauge_state").value(version);
      writer.key("endpoint").value(endpoint);
      writer.key("saved_at").value(to_rfc3339(state.saved_at, Decimals::nanoseconds));
      if (state.followed_until) {
        writer.key("followed_until")
            .value(to_rfc3339(*state.followed_until, Decimals::nanoseconds));
      }
      writer.key("ends").value(ends);
      writer.key("names").value(names);
    });
  });
}

/// Takes the lines off the front of a text.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  /// The next line as JSON. Fails where there is none, or no line break after it.
  Result<json::Document> next() {
    const auto end = rest_.find('\n');
    if (end == std::string_view::npos) return fail(Errc::bad_reply, "it is cut off");
    const auto line = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return json::Document::parse_object(line);
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

struct Header {
  WallTime saved_at{};
  std::optional<WallTime> followed_until;
  std::uint64_t ends = 0;
  std::uint64_t names = 0;
};

Result<Header> read_header(Lines& lines, std::string_view endpoint) {
  const auto document = lines.next();
  if (!document) return fail(document.error());
  Members members(document->root());
  if (members.count("tidegauge_state") != version) {
    return fail(Errc::bad_reply, "it has another version than " + std::to_string(version));
  }
  if (members.text("endpoint") != endpoint) {
    return fail(Errc::bad_reply, "it is of another Engine");
  }
  const Header header{.saved_at = members.needed("saved_at", members.time("saved_at")),
                      .followed_until = members.time("followed_until"),
                      .ends = members.needed("ends", members.count("ends")),
                      .names = members.needed("names", members.count("names"))};
  if (members.mistake()) return fail(Errc::bad_reply, *members.mistake());
  if (header.ends > most_saved_ends || header.names > most_saved_names) {
    return fail(Errc::bad_reply, "it has more ends or names than a file may have");
  }
  return header;
}

Result<void> read_lines(Lines& lines, const Header& header, RestoredState& state) {
  for (std::uint64_t number = 0; number < header.ends + header.names; ++number) {
    const auto document = lines.next();
    if (!document) return fail(document.error());
    if (number < header.ends) {
      auto end = read_run_end(document->root());
      if (!end) return fail(end.error());
      state.ends.push_back(std::make_shared<const model::RunEnd>(*std::move(end)));
    } else {
      auto lifecycle = read_lifecycle(document->root());
      if (!lifecycle) return fail(lifecycle.error());
      state.lifecycles.push_back(*std::move(lifecycle));
    }
  }
  if (!lines.at_end()) return fail(Errc::bad_reply, "it has more lines than its first one says");
  return {};
}

// --- the file -----------------------------------------------------------------------------------

Result<void> write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_failure("write");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> write_lines(int file, std::string_view endpoint, const RestoredState& state) {
  std::string buffer;
  auto done = for_each_state_line(endpoint, state, [&](std::string_view line) -> Result<void> {
    buffer += line;
    if (buffer.size() < buffer_bytes) return {};
    auto written = write_all(file, buffer);
    buffer.clear();
    return written;
  });
  return done ? write_all(file, buffer) : done;
}

/// So that the new name of a file outlives a crash of the machine.
Result<void> sync_directory(const std::string& path) {
  const UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid() || ::fsync(directory.get()) != 0) return system_failure("fsync " + path);
  return {};
}

Result<void> write_new_file(const std::string& path, std::string_view endpoint,
                            const RestoredState& state) {
  constexpr mode_t for_owner = 0600;
  ::unlink(path.c_str());  // of a daemon that was killed
  const UniqueFd file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, for_owner));
  if (!file.valid()) return system_failure("open " + path);
  if (auto written = write_lines(file.get(), endpoint, state); !written) return written;
  if (::fsync(file.get()) != 0) return system_failure("fsync " + path);
  return {};
}

Result<std::string> read_text(int file) {
  struct stat status{};
  if (::fstat(file, &status) != 0) return system_failure("stat");
  if (!S_ISREG(status.st_mode)) return fail(Errc::system, "it is no file");
  std::string text;
  std::string buffer(buffer_bytes, '\0');
  for (;;) {
    const auto size = ::read(file, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return system_failure("read");
    if (size == 0) return text;
    text.append(buffer, 0, static_cast<std::size_t>(size));
    if (text.size() > most_file_bytes) return fail(Errc::bad_reply, "it is too large");
  }
}

}  // namespace

std::string state_file_name(std::string_view endpoint) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  std::string name;
  for (const char c : endpoint) {
    if (plain.contains(c)) {
      name += c;
    } else {
      name += '%' + hex_digits(c);
    }
  }
  return name + ".state";
}

Result<void> for_each_state_line(std::string_view endpoint, const RestoredState& state,
                                 const std::function<Result<void>(std::string_view)>& use) {
  const auto ends = std::min(state.ends.size(), most_saved_ends);
  const auto names = std::min(state.lifecycles.size(), most_saved_names);
  if (auto used = use(header_line(endpoint, state, ends, names)); !used) return used;
  for (auto i = state.ends.size() - ends; i < state.ends.size(); ++i) {
    const auto line = line_of([&](json::Writer& writer) {
      write_run_end(writer, "", *state.ends[i],
                    {.decimals = Decimals::nanoseconds, .log_lines = true});
    });
    if (auto used = use(line); !used) return used;
  }
  for (std::size_t i = 0; i < names; ++i) {
    const auto& named = state.lifecycles[i];
    const auto line =
        line_of([&](json::Writer& writer) { write_lifecycle(writer, named.first, named.second); });
    if (auto used = use(line); !used) return used;
  }
  return {};
}

Result<RestoredState> parse_state(std::string_view text, std::string_view endpoint) {
  Lines lines(text);
  const auto header = read_header(lines, endpoint);
  if (!header) return fail(header.error());
  RestoredState state{.ends = {},
                      .lifecycles = {},
                      .saved_at = header->saved_at,
                      .followed_until = header->followed_until};
  if (auto read = read_lines(lines, *header, state); !read) return fail(read.error());
  return state;
}

Result<void> write_state_file(const std::string& path, std::string_view endpoint,
                              const RestoredState& state) {
  const auto temporary = path + ".tmp";
  if (auto written = write_new_file(temporary, endpoint, state); !written) {
    ::unlink(temporary.c_str());
    return written;
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    auto failure = system_failure("rename to " + path);
    ::unlink(temporary.c_str());
    return failure;
  }
  return sync_directory(std::filesystem::path(path).parent_path());
}

Result<std::optional<RestoredState>> read_state_file(const std::string& path,
                                                     std::string_view endpoint) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.valid() && errno == ENOENT) return std::nullopt;
  if (!file.valid()) return system_failure("it cannot be opened");
  const auto text = read_text(file.get());
  if (!text) return fail(text.error());
  auto state = parse_state(*text, endpoint);
  if (!state) return fail(state.error());
  return *std::move(state);
}

}  // namespace tidegauge::app
