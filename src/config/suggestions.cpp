#include "config/suggestions.h"

#include <algorithm>
#include <cstddef>

namespace tidegauge::config {
namespace {

constexpr std::size_t longest_quote = 120;

/// Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other
/// (optimal string alignment).
std::size_t edits_between(std::string_view from, std::string_view to) {
  std::vector<std::vector<std::size_t>> edits(from.size() + 1,
                                              std::vector<std::size_t>(to.size() + 1));
  for (std::size_t i = 0; i <= from.size(); ++i) {
    for (std::size_t j = 0; j <= to.size(); ++j) {
      auto& fewest = edits[i][j];
      fewest = i + j;
      if (i == 0 || j == 0) continue;
      const auto replaced = edits[i - 1][j - 1] + (from[i - 1] == to[j - 1] ? 0U : 1U);
      fewest = std::min({replaced, edits[i - 1][j] + 1, edits[i][j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
      if (swapped) fewest = std::min(fewest, edits[i - 2][j - 2] + 1);
    }
  }
  return edits.back().back();
}

}  // namespace

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, longest_quote)) {
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  }
  return out + (text.size() > longest_quote ? "...\"" : "\"");
}

std::string joined(std::span<const std::string> parts) {
  std::string out;
  for (const auto& part : parts) out += (out.empty() ? "" : ", ") + part;
  return out;
}

std::optional<std::string> closest(std::string_view word, std::span<const std::string> candidates) {
  std::optional<std::string> best;
  std::size_t fewest = 2 + word.size() / 4;  // exclusive: three letters allow one edit
  for (const auto& candidate : candidates) {
    const auto edits = edits_between(word.substr(0, longest_quote), candidate);
    if (edits >= fewest) continue;
    fewest = edits;
    best = candidate;
  }
  return best;
}

std::string suggestion(std::string_view word, std::span<const std::string> candidates) {
  if (const auto near = closest(word, candidates)) return "; did you mean " + *near + "?";
  return "; allowed: " + joined(candidates);
}

}  // namespace tidegauge::config
