#include "app/text_columns.h"

#include <algorithm>
#include <utility>

namespace tidegauge::app {
namespace {

constexpr std::size_t gap = 2;
constexpr std::size_t least_rest = 20;

bool starts_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80;
}

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, starts_character));
}

/// The bytes of the first `count` characters.
std::size_t bytes_of(std::string_view text, std::size_t count) {
  std::size_t bytes = 0;
  while (bytes < text.size()) {
    if (starts_character(text[bytes]) && count-- == 0) break;
    ++bytes;
  }
  return bytes;
}

/// Takes the front of `text` that fits, and the spaces after it.
std::string_view take_line(std::string_view& text, std::size_t width) {
  auto end = bytes_of(text, width);
  if (end < text.size()) {
    const auto space = text.substr(0, end + 1).rfind(' ');
    if (space != std::string_view::npos && space > 0) end = space;
  }
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(text.find_first_not_of(' ', end), text.size()));
  return line;
}

std::vector<std::string> lines_of(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  do {
    lines.emplace_back(take_line(text, width));
  } while (!text.empty());
  return lines;
}

std::string without_trailing_spaces(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

/// The lines of a row; the cells have those that they need.
std::string row_text(const std::vector<std::string>& cells,
                     const std::vector<std::size_t>& widths) {
  std::vector<std::vector<std::string>> columns;
  std::size_t height = 0;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    columns.push_back(lines_of(cells[i], widths[i]));
    height = std::max(height, columns.back().size());
  }
  std::string text;
  for (std::size_t number = 0; number < height; ++number) {
    std::string line;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto cell = number < columns[i].size() ? columns[i][number] : "";
      line += cell;
      line.append(widths[i] + gap - columns_of(cell), ' ');
    }
    text += without_trailing_spaces(std::move(line)) + '\n';
  }
  return text;
}

}  // namespace

std::string wrapped(std::string_view text, const Wrapping& wrapping) {
  std::string all;
  auto indent = wrapping.indent;
  do {
    const auto room = wrapping.width - std::min(indent, wrapping.width - 1);
    all += without_trailing_spaces(std::string(indent, ' ') + std::string(take_line(text, room)));
    all += '\n';
    indent = wrapping.hanging;
  } while (!text.empty());
  return all;
}

std::string TextTable::text() const {
  const auto width_of = widths();
  std::vector<std::string> headings;
  for (const auto& column : columns_) headings.push_back(column.heading);
  auto all = row_text(headings, width_of);
  for (const auto& cells : rows_) {
    all += is_row(cells) ? row_text(cells, width_of) : cells.front() + '\n';
  }
  return all;
}

std::vector<std::size_t> TextTable::widths() const {
  std::vector<std::size_t> all;
  std::size_t others = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    auto widest = columns_of(columns_[i].heading);
    for (const auto& cells : rows_) {
      if (is_row(cells)) widest = std::max(widest, columns_of(cells[i]));
    }
    all.push_back(std::min(widest, columns_[i].widest));
    if (!columns_[i].takes_rest) others += all.back();
  }
  const auto used = others + gap * (columns_.size() - 1);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (!columns_[i].takes_rest) continue;
    all[i] = std::min(all[i], std::max(least_rest, width_ - std::min(width_, used)));
  }
  return all;
}

}  // namespace tidegauge::app
