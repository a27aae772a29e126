#include "web/credentials.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "tidegauge/util/ascii.h"

namespace tidegauge::web {
namespace {

constexpr std::size_t longest_basic = 4096;
constexpr std::size_t longest_bearer = 8192;

/// What stands behind `scheme` and its spaces.
std::optional<std::string_view> behind(std::string_view scheme, std::string_view header) {
  if (header.size() <= scheme.size() || header[scheme.size()] != ' ') return std::nullopt;
  if (!std::ranges::equal(header.substr(0, scheme.size()), scheme, {}, ascii_lower))
    return std::nullopt;
  header.remove_prefix(scheme.size());
  header.remove_prefix(std::min(header.find_first_not_of(' '), header.size()));
  header.remove_suffix(header.size() - 1 -
                       std::min(header.find_last_not_of(' '), header.size() - 1));
  return header;
}

std::optional<std::uint32_t> digit(char c) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto at = alphabet.find(c);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<std::uint32_t>(at);
}

/// Refuses bits beyond the last byte: each text has one encoding.
std::optional<std::string> decoded(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  text.remove_suffix(padding);
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const auto value = digit(c);
    if (!value) return std::nullopt;
    bits = (bits << 6U | *value) & 0xFFFFU;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xFFU);
  }
  if ((bits & ((1U << count) - 1)) != 0) return std::nullopt;
  return out;
}

}  // namespace

bool equal_in_constant_time(std::string_view given, std::string_view secret) {
  // Volatile: the compiler must not leave the loop at the first difference.
  volatile unsigned difference = given.size() == secret.size() ? 0U : 1U;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char other = secret.empty() ? '\0' : secret[i % secret.size()];
    difference =
        difference | (static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(other));
  }
  return difference == 0;
}

std::optional<BasicCredentials> basic_credentials(std::string_view header) {
  if (header.size() > longest_basic) return std::nullopt;
  const auto encoded = behind("basic", header);
  if (!encoded) return std::nullopt;
  const auto text = decoded(*encoded);
  if (!text) return std::nullopt;
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  const auto colon = text->find(':');
  if (colon == std::string::npos || std::ranges::any_of(*text, is_control)) return std::nullopt;
  return BasicCredentials{.user = text->substr(0, colon), .password = text->substr(colon + 1)};
}

std::optional<std::string_view> bearer_token(std::string_view header) {
  if (header.size() > longest_bearer) return std::nullopt;
  const auto token = behind("bearer", header);
  const auto is_visible = [](char c) { return c > 0x20 && c < 0x7f; };
  if (!token || token->empty() || !std::ranges::all_of(*token, is_visible)) return std::nullopt;
  return token;
}

}  // namespace tidegauge::web
