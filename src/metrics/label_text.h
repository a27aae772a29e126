#pragma once

// Label values as pages show them, and label sets as text. Sources keep their labels as such text,
// because the text formats copy it to each sample; other formats read it back once per set.
// Stateless, hence thread-safe.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tidegauge::metrics {

/// Limit, in bytes, of a label value that tells one series from another, such as a name.
inline constexpr std::size_t longest_text = 192;

/// What remains of a value that is too long.
enum class Cut : std::uint8_t {
  front,    ///< its beginning: for values that describe
  distinct  ///< its beginning, "~" and a hash of the whole: for values that tell series apart
};

struct LabelValue {
  std::string_view text;
  bool is_cut = false;
};

/// The value as every format shows it: each byte that is not valid UTF-8 becomes the text \xff, and
/// a value of more than `longest` bytes (at least 32) is cut between two characters. Different
/// values stay different unless `cut` is Cut::front. The text is in `value` or in `buffer`.
[[nodiscard]] LabelValue show_label_value(std::string_view value, std::string& buffer,
                                          std::size_t longest = longest_text,
                                          Cut cut = Cut::distinct);

/// Appends `name="value",` to a label set, with the value as above and escaped. An empty value
/// appends nothing: to Prometheus it is the same as no label. Returns true if the value was cut.
bool append_label(std::string& labels, std::string_view name, std::string_view value,
                  std::size_t longest = longest_text, Cut cut = Cut::distinct);

struct ParsedLabel {
  std::string_view name;
  std::string value;
};

/// The labels of a set that `append_label` wrote. The names are in `labels`.
[[nodiscard]] std::vector<ParsedLabel> parse_labels(std::string_view labels);

}  // namespace tidegauge::metrics
