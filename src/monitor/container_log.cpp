#include "tidegauge/monitor/container_log.h"

#include <algorithm>
#include <utility>

#include "tidegauge/util/utf8.h"

namespace tidegauge::monitor {
namespace {

/// The output may be longer than what is shown of it: escape sequences take room.
constexpr std::size_t kept_for_each_byte = 16;

constexpr char escape = '\x1b';

bool is_between(char c, char first, char last) {
  return c >= first && c <= last;
}

/// How long the escape sequence is that `text` begins with (ECMA-48); the whole where it does not
/// end.
std::size_t sequence_length(std::string_view text) {
  if (text.size() < 2) return text.size();
  const auto end_of = [text](std::size_t from, auto is_last) {
    const auto rest = text.substr(std::min(from, text.size()));
    const auto found = std::ranges::find_if(rest, is_last);
    return from + static_cast<std::size_t>(found - rest.begin()) + (found == rest.end() ? 0 : 1);
  };
  switch (text[1]) {
    case '[':  // colours and the cursor
      return end_of(2, [](char c) { return is_between(c, '@', '~'); });
    case ']':  // titles and links, which end in BEL or in ESC "\"
    case 'P':
    case 'X':
    case '^':
    case '_': {
      const auto end = std::min(text.find('\a', 2), text.size());
      const auto terminator = text.find("\x1b\\", 2);
      return terminator < end ? terminator + 2 : std::min(end + 1, text.size());
    }
    default:
      return end_of(1, [](char c) { return is_between(c, '0', '~'); });
  }
}

/// Whether the character is one of the control characters U+0080 to U+009F.
bool is_late_control(std::string_view character) {
  return character.size() == 2 && character[0] == '\xC2' &&
         is_between(character[1], '\x80', '\x9F');
}

/// What is to be read of a line.
std::string readable(std::string_view line) {
  std::string shown;
  while (!line.empty()) {
    const auto length = utf8_character_length(line);
    const char front = line.front();
    if (front == escape) {
      line.remove_prefix(sequence_length(line));
      continue;
    }
    if (length == 0) {
      shown += "\\x" + hex_digits(front);
    } else if (front == '\t' || front == '\r') {
      shown += ' ';
    } else if (!is_between(front, '\0', '\x1f') && front != '\x7f' &&
               !is_late_control(line.substr(0, length))) {
      shown += line.substr(0, length);
    }
    line.remove_prefix(std::max<std::size_t>(length, 1));
  }
  shown.erase(shown.find_last_not_of(' ') + 1);
  return shown;
}

/// Takes the last line off `output`, without its line break.
std::string_view take_last_line(std::string_view& output) {
  if (output.ends_with('\n')) output.remove_suffix(1);
  const auto begin = output.rfind('\n') + 1;  // 0 where there is none
  const auto line = output.substr(begin);
  output.remove_suffix(line.size());
  return line;
}

/// The end of a container's output, in bounded memory.
class OutputEnd {
 public:
  explicit OutputEnd(std::size_t most_bytes) : most_(most_bytes) {}
  void add(std::string_view text) {
    kept_ += text;
    if (kept_.size() > 2 * most_) kept_.erase(0, kept_.size() - most_);
  }
  [[nodiscard]] std::string_view text() const { return kept_; }

 private:
  const std::size_t most_;
  std::string kept_;
};

}  // namespace

Result<std::vector<std::string>> read_last_lines(docker::ClientManager& clients,
                                                 std::string_view endpoint,
                                                 const LastLinesQuery& query, SteadyTime deadline,
                                                 const std::stop_token& stop) {
  auto log = clients.container_logs(
      endpoint, query.id, {.tail = query.lines, .since = query.started_at, .until = query.ended_at},
      stop);
  if (!log) return fail(log.error());
  OutputEnd output(query.most_bytes * kept_for_each_byte);
  for (;;) {
    const auto frame = log->next(deadline, stop);
    if (!frame) return fail(frame.error());
    if (!*frame) return last_lines(output.text(), query.lines, query.most_bytes);
    output.add((*frame)->text);
  }
}

std::vector<std::string> last_lines(std::string_view output, std::uint32_t most,
                                    std::size_t most_bytes) {
  std::vector<std::string> lines;
  std::size_t room = most_bytes;
  while (!output.empty() && lines.size() < most) {
    auto line = readable(take_last_line(output));
    if (line.empty()) continue;
    if (line.size() > room && lines.empty()) line = one_line(line, room);
    if (line.size() > room) break;
    room -= line.size();
    lines.push_back(std::move(line));
  }
  std::ranges::reverse(lines);
  return lines;
}

}  // namespace tidegauge::monitor
