#pragma once

// Content negotiation (RFC 9110, section 12): which of the offered media types and encodings a
// client gets. Pure functions; what a header has that is not valid is skipped.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tidegauge::web {

using Parameters = std::vector<std::pair<std::string, std::string>>;

/// One element of an Accept header: "text/plain;version=0.0.4;q=0.3". A Content-Type that the
/// server offers has the same form.
struct MediaRange {
  std::string type;       ///< in lower case: "text/plain", "text/*", "*/*"
  Parameters parameters;  ///< without q; names in lower case, values unquoted
  double q = 1;           ///< 0 to 1; 0 means that the client refuses it

  /// Empty where there is no such parameter.
  [[nodiscard]] std::string_view parameter(std::string_view name) const;
};

[[nodiscard]] std::vector<MediaRange> parse_accept(std::string_view header);

struct MediaChoice {
  std::size_t offer = 0;              ///< its index
  const MediaRange* range = nullptr;  ///< what the client asked for; null if it has no say
};

/// The offer that the client prefers. For each offer the most specific range counts. A range with a
/// parameter that an offer has with another value does not match the offer; parameters that the
/// offer has not, as escaping, do not matter. Of offers with the same q, the one whose range comes
/// first in the header wins, then the first offer. Where the client accepts nothing that is
/// offered, or says nothing, the choice is the first offer without a range.
[[nodiscard]] MediaChoice choose_media(std::span<const MediaRange> accepted,
                                       std::span<const MediaRange> offers);

enum class Encoding : std::uint8_t { identity, gzip, zstd };
[[nodiscard]] std::string_view to_string(Encoding encoding) noexcept;

/// What an Accept-Encoding header says about the encodings that the server has.
class AcceptedEncodings {
 public:
  explicit AcceptedEncodings(std::string_view header);

  [[nodiscard]] bool accepts(Encoding encoding) const noexcept { return q(encoding) > 0; }
  /// The preferred encoding, the smaller one of two with the same q. Nothing where the client
  /// accepts none, not even identity.
  [[nodiscard]] std::optional<Encoding> preferred() const noexcept;

 private:
  [[nodiscard]] double q(Encoding encoding) const noexcept;

  std::optional<double> gzip_;
  std::optional<double> zstd_;
  std::optional<double> identity_;
  std::optional<double> any_;
};

}  // namespace tidegauge::web
