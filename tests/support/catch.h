#pragma once

// Catch2, whichever version the distribution has: 2.13 on Debian 12, 3.x later.

#define CATCH_CONFIG_ENABLE_PAIR_STRINGMAKER
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <string>

#include "tidegauge/model/error.h"

/// In the messages of checks that fail.
template <>
struct Catch::StringMaker<tidegauge::Errc> {
  static std::string convert(tidegauge::Errc code) { return std::string(to_string(code)); }
};

namespace tidegauge::test {

#if __has_include(<catch2/catch_all.hpp>)
inline auto contains(const std::string& part) {
  return Catch::Matchers::ContainsSubstring(part);
}
using Catch::Approx;
#else
inline auto contains(const std::string& part) {
  return Catch::Contains(part);
}
using Catch::Detail::Approx;
#endif

/// The value of a result that must have one: a failure shows the error's own message.
template <class T>
T value_of(Result<T> result) {
  if (!result) FAIL(to_string(result.error().code) << ": " << result.error().message);
  return std::move(*result);
}

/// The error of a result that must have failed.
template <class T>
Error error_of(const Result<T>& result) {
  if (result) FAIL("expected a failure, but it succeeded");
  return result.error();
}

}  // namespace tidegauge::test
