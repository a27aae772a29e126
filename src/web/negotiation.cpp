#include "tidegauge/web/negotiation.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

#include "tidegauge/util/ascii.h"

namespace tidegauge::web {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Takes the part up to the next `separator` outside of quotes from `text`.
std::string_view take_part(std::string_view& text, char separator) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < text.size(); ++end) {
    if (quoted && text[end] == '\\') {
      ++end;
    } else if (text[end] == '"') {
      quoted = !quoted;
    } else if (!quoted && text[end] == separator) {
      break;
    }
  }
  end = std::min(end, text.size());
  const auto part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return trimmed(part);
}

std::string unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  text = text.substr(1, text.size() - 2);
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    plain += text[i];
  }
  return plain;
}

/// RFC 9110, section 12.4.2: 0 to 1 with at most three decimals.
std::optional<double> parse_q(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  double q = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), q, std::chars_format::fixed);
  if (error != std::errc{} || end != text.data() + text.size() || q < 0 || q > 1) {
    return std::nullopt;
  }
  return q;
}

struct Element {
  std::string name;
  Parameters parameters;
  double q = 1;
};

/// "NAME;PARAMETER=VALUE;q=0.5". Nothing where it is malformed.
std::optional<Element> parse_element(std::string_view text) {
  Element element{.name = ascii_lower_case(take_part(text, ';'))};
  if (element.name.empty()) return std::nullopt;
  while (!text.empty()) {
    auto value = take_part(text, ';');
    if (value.empty()) continue;
    auto name = ascii_lower_case(take_part(value, '='));
    if (name.empty()) return std::nullopt;
    value = trimmed(value);
    if (name != "q") {
      element.parameters.emplace_back(std::move(name), unquoted(value));
      continue;
    }
    const auto q = parse_q(value);
    if (!q) return std::nullopt;
    element.q = *q;
  }
  return element;
}

std::vector<Element> parse_list(std::string_view header) {
  std::vector<Element> elements;
  while (!header.empty()) {
    if (auto element = parse_element(take_part(header, ','))) {
      elements.push_back(*std::move(element));
    }
  }
  return elements;
}

/// How exactly the range names the offer; 0 where the range does not match.
std::size_t specificity(const MediaRange& range, const MediaRange& offer) {
  const auto slash = offer.type.find('/');
  if (range.type == "*/*") return 1;
  if (range.type == offer.type.substr(0, slash) + "/*") return 2;
  if (range.type != offer.type) return 0;
  std::size_t matched = 3;
  for (const auto& [name, value] : offer.parameters) {
    const auto wanted = range.parameter(name);
    if (wanted.empty()) continue;
    if (ascii_lower_case(wanted) != ascii_lower_case(value)) return 0;
    ++matched;
  }
  return matched;
}

}  // namespace

std::string_view MediaRange::parameter(std::string_view name) const {
  const auto found = std::ranges::find(parameters, name, &Parameters::value_type::first);
  return found == parameters.end() ? std::string_view{} : std::string_view{found->second};
}

std::vector<MediaRange> parse_accept(std::string_view header) {
  std::vector<MediaRange> ranges;
  for (auto& element : parse_list(header)) {
    if (element.name.find('/') == std::string::npos) continue;
    ranges.push_back({.type = std::move(element.name),
                      .parameters = std::move(element.parameters),
                      .q = element.q});
  }
  return ranges;
}

MediaChoice choose_media(std::span<const MediaRange> accepted, std::span<const MediaRange> offers) {
  MediaChoice best;
  for (std::size_t offer = 0; offer < offers.size(); ++offer) {
    const MediaRange* match = nullptr;
    std::size_t matched = 0;
    for (const auto& range : accepted) {
      const auto exactness = specificity(range, offers[offer]);
      if (exactness <= matched) continue;
      matched = exactness;
      match = &range;
    }
    if (match == nullptr || match->q <= 0) continue;
    if (best.range == nullptr || match->q > best.range->q ||
        (match->q == best.range->q && match < best.range)) {
      best = {.offer = offer, .range = match};
    }
  }
  return best;
}

std::string_view to_string(Encoding encoding) noexcept {
  switch (encoding) {
    case Encoding::identity:
      return "identity";
    case Encoding::gzip:
      return "gzip";
    case Encoding::zstd:
      return "zstd";
  }
  return "identity";
}

AcceptedEncodings::AcceptedEncodings(std::string_view header) {
  for (const auto& element : parse_list(header)) {
    if (element.name == "gzip" || element.name == "x-gzip") gzip_ = element.q;
    if (element.name == "zstd") zstd_ = element.q;
    if (element.name == "identity") identity_ = element.q;
    if (element.name == "*") any_ = element.q;
  }
}

double AcceptedEncodings::q(Encoding encoding) const noexcept {
  switch (encoding) {
    case Encoding::gzip:
      return gzip_.value_or(any_.value_or(0));
    case Encoding::zstd:
      return zstd_.value_or(0);  // few clients that say "*" know it
    case Encoding::identity:
      break;
  }
  // Identity is acceptable unless it is excluded. Without a q of its own it comes last.
  constexpr double last = 0.0001;
  if (identity_) return *identity_;
  return any_ && *any_ == 0 ? 0 : last;
}

std::optional<Encoding> AcceptedEncodings::preferred() const noexcept {
  std::optional<Encoding> best;
  for (const auto encoding : std::array{Encoding::zstd, Encoding::gzip, Encoding::identity}) {
    if (q(encoding) > (best ? q(*best) : 0)) best = encoding;
  }
  return best;
}

}  // namespace tidegauge::web
