// The header Authorization, and the comparison of secrets. Credentials must be encoded by exactly
// the text that was accepted.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "fuzz/oracle.h"
#include "web/credentials.h"

using namespace tidegauge;

namespace {

/// By the book, digit by digit.
std::string base64(std::string_view text) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bits;
  for (const char c : text) {
    for (int bit = 7; bit >= 0; --bit) {
      bits += (static_cast<unsigned char>(c) >> bit & 1) != 0 ? '1' : '0';
    }
  }
  while (bits.size() % 6 != 0) bits += '0';
  std::string out;
  for (std::size_t at = 0; at < bits.size(); at += 6) {
    out += alphabet[std::stoul(bits.substr(at, 6), nullptr, 2)];
  }
  while (out.size() % 4 != 0) out += '=';
  return out;
}

void check_basic(std::string_view header) {
  const auto found = web::basic_credentials(header);
  if (!found) return;
  if (found->user.find(':') != std::string::npos) fuzz::finding("a colon in a user's name");
  const auto encoded = base64(found->user + ":" + found->password);
  auto rest = header;
  while (rest.ends_with(' ')) rest.remove_suffix(1);
  if (!rest.ends_with(" " + encoded)) fuzz::finding("credentials that nobody sent");
  if (web::bearer_token(header)) fuzz::finding("of two schemes");
}

void check_bearer(std::string_view header) {
  const auto token = web::bearer_token(header);
  if (!token) return;
  const auto is_visible = [](char c) { return c > 0x20 && c < 0x7f; };
  if (token->empty() || !std::ranges::all_of(*token, is_visible)) fuzz::finding("not a token");
  if (header.find(*token) == std::string_view::npos) fuzz::finding("a token that nobody sent");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::text_of(data, size);
  check_basic(text);
  check_bearer(text);
  const auto half = size / 2;
  const auto first = text.substr(0, half);
  const auto second = text.substr(half);
  if (web::equal_in_constant_time(first, second) != (first == second)) {
    fuzz::finding("compares otherwise");
  }
  return 0;
}
