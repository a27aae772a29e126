// Mutates numbers as numbers half of the time, into those at the edges of types: bytes changed at
// random seldom make one. Linked into every target.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace {

constexpr std::array<std::string_view, 25> edges{"0",
                                                 "-0",
                                                 "1",
                                                 "-1",
                                                 "07",
                                                 "1.5",
                                                 "1e3",
                                                 "2e-1",
                                                 "1E400",
                                                 "255",
                                                 "1000",
                                                 "65536",
                                                 "2147483647",
                                                 "2147483648",
                                                 "-2147483649",
                                                 "4294967295",
                                                 "4294967296",
                                                 "9007199254740993",
                                                 "9223372036854771712",
                                                 "9223372036854775807",
                                                 "9223372036854775808",
                                                 "-9223372036854775809",
                                                 "18446744073709551615",
                                                 "18446744073709551616",
                                                 "340282366920938463463374607431768211456"};

/// Where the runs of digits are, and how long.
std::vector<std::pair<std::size_t, std::size_t>> numbers_in(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  std::vector<std::pair<std::size_t, std::size_t>> found;
  const auto* at = text.begin();
  while ((at = std::find_if(at, text.end(), is_digit)) != text.end()) {
    const auto* const end = std::find_if_not(at, text.end(), is_digit);
    found.emplace_back(at - text.begin(), end - at);
    at = end;
  }
  return found;
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned int seed) {
  std::minstd_rand random(seed);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto numbers = numbers_in(text);
  if (numbers.empty() || random() % 2 == 0) return LLVMFuzzerMutate(data, size, most);
  const auto [at, length] = numbers[random() % numbers.size()];
  std::string changed(text);
  changed.replace(at, length, edges.at(random() % edges.size()));
  if (changed.size() > most) return LLVMFuzzerMutate(data, size, most);
  std::ranges::copy(changed, data);
  return changed.size();
}
