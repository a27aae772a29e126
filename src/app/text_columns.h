#pragma once

// Text in columns for a terminal. A character is one column wide; texts have no control characters
// (see `terminal_text`). Pure functions and a table that belongs to one thread.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tidegauge::app {

struct Wrapping {
  std::size_t width = 100;
  std::size_t indent = 0;   ///< of the first line
  std::size_t hanging = 0;  ///< of the lines after it
};

/// `text` in lines of at most `width` columns, each with its line break: broken between words, and
/// within a word that is longer than a line.
[[nodiscard]] std::string wrapped(std::string_view text, const Wrapping& wrapping);

struct TextColumn {
  std::string heading;
  std::size_t widest = 100;  ///< beyond, a cell takes several lines
  bool takes_rest = false;   ///< one column is as wide as the others leave room for
};

/// A table of text. A column is as wide as its widest cell needs.
class TextTable {
 public:
  TextTable(std::vector<TextColumn> columns, std::size_t width)
      : columns_(std::move(columns)), width_(width) {}

  /// A cell for each column.
  void add_row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  /// A line across all columns.
  void add_line(std::string text) { rows_.push_back({std::move(text)}); }
  /// The headings and all rows.
  [[nodiscard]] std::string text() const;

 private:
  [[nodiscard]] std::vector<std::size_t> widths() const;
  [[nodiscard]] bool is_row(const std::vector<std::string>& cells) const {
    return cells.size() == columns_.size();
  }

  std::vector<TextColumn> columns_;
  std::size_t width_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace tidegauge::app
