#include "support/page.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace tidegauge::test {

namespace {

/// Reads one line from left to right.
class Line {
 public:
  explicit Line(std::string_view text) : all_(text), rest_(text) {}

  std::pair<SeriesName, double> series() {
    SeriesName name{.metric = word(), .labels = {}};
    if (take('{')) {
      while (!take('}')) {
        auto label = word();
        expect('=');
        if (!name.labels.emplace(std::move(label), quoted()).second) fail("a label twice");
        if (!take(',') && !rest_.starts_with('}')) fail("neither , nor }");
      }
    }
    expect(' ');
    return {std::move(name), number()};
  }

 private:
  std::string word() {
    constexpr std::string_view allowed =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:";
    const auto length = std::min(rest_.find_first_not_of(allowed), rest_.size());
    if (length == 0) fail("no name");
    std::string found(rest_.substr(0, length));
    rest_.remove_prefix(length);
    return found;
  }

  std::string quoted() {
    expect('"');
    std::string value;
    while (!take('"')) {
      const bool escaped = take('\\');
      if (rest_.empty()) fail("no closing quote");
      value += escaped ? unescaped(rest_.front()) : rest_.front();
      rest_.remove_prefix(1);
    }
    return value;
  }

  char unescaped(char character) const {
    if (character == 'n') return '\n';
    if (character != '\\' && character != '"') fail("an unknown escape");
    return character;
  }

  double number() const {
    const auto text = rest_.starts_with('+') ? rest_.substr(1) : rest_;
    double value = 0;
    const auto* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, value);
    if (parsed.ec != std::errc() || parsed.ptr != end) fail("not a number");
    return value;
  }

  bool take(char expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void expect(char expected) {
    if (!take(expected)) fail("no " + std::string(1, expected));
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error(what + " at byte " + std::to_string(all_.size() - rest_.size()) +
                             " of the line: " + std::string(all_));
  }

  std::string_view all_;
  std::string_view rest_;
};

bool has(const Labels& labels, const Labels& wanted) {
  return std::ranges::all_of(wanted, [&](const auto& label) {
    const auto found = labels.find(label.first);
    return found != labels.end() && found->second == label.second;
  });
}

}  // namespace

Page::Page(std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) throw std::runtime_error("the page's last line has no end");
    const auto line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (line.empty() || line.starts_with('#')) continue;
    if (!series_.insert(Line(line).series()).second) {
      throw std::runtime_error("a series twice: " + std::string(line));
    }
  }
}

std::optional<double> Page::value(std::string_view metric, const Labels& labels) const {
  const auto* const series = find(metric, labels);
  if (series == nullptr) return std::nullopt;
  return series->second;
}

Labels Page::labels(std::string_view metric, const Labels& labels) const {
  const auto* const series = find(metric, labels);
  return series == nullptr ? Labels{} : series->first.labels;
}

const Page::Series* Page::find(std::string_view metric, const Labels& labels) const {
  const Series* found = nullptr;
  for (const auto& series : series_) {
    if (series.first.metric != metric || !has(series.first.labels, labels)) continue;
    if (found != nullptr) throw std::runtime_error("several series of " + std::string(metric));
    found = &series;
  }
  return found;
}

std::set<std::string> Page::values_of(std::string_view name, std::string_view metric) const {
  std::set<std::string> values;
  for (const auto& [series, value] : series_) {
    const auto label = series.labels.find(std::string(name));
    if (series.metric == metric && label != series.labels.end()) values.insert(label->second);
  }
  return values;
}

std::size_t Page::count(std::string_view prefix, const Labels& labels) const {
  return static_cast<std::size_t>(std::ranges::count_if(series_, [&](const auto& series) {
    return series.first.metric.starts_with(prefix) && has(series.first.labels, labels);
  }));
}

}  // namespace tidegauge::test
