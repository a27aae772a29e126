#include "tidegauge/docker/line_splitter.h"

#include <algorithm>
#include <vector>

#include "support/catch.h"

using namespace tidegauge;
using docker::LineSplitter;
using test::error_of;
using test::value_of;

namespace {

/// The lines of at most eight bytes of a stream that comes in pieces of `size` bytes, and "?" for
/// one that is longer.
std::vector<std::string> lines_of(std::string_view bytes, std::size_t size) {
  LineSplitter splitter(8);
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    splitter.feed(bytes.substr(at, size));
    while (true) {
      const auto line = splitter.next();
      if ((line && !*line) || lines.size() > bytes.size()) break;
      lines.emplace_back(line ? **line : "?");
    }
  }
  return lines;
}

}  // namespace

TEST_CASE("the lines are the same however their bytes are split") {
  constexpr std::string_view bytes = "one\n\ntwelve bytes\n12345678\n123456789\nlast\nbegun";
  const std::vector<std::string> expected{"one", "", "?", "12345678", "?", "last"};
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    CAPTURE(size);
    CHECK(lines_of(bytes, size) == expected);
  }
}

TEST_CASE("a line that is too long is one error, and the lines after it are read") {
  LineSplitter splitter(8);
  splitter.feed("123456789");
  const auto error = error_of(splitter.next());
  CHECK(error.code == Errc::bad_reply);
  CHECK(error.message == "a line of more than 8 bytes");
  CHECK_FALSE(value_of(splitter.next()));
  splitter.feed("still the same line");
  CHECK_FALSE(value_of(splitter.next()));
  splitter.feed("its end\nnext\n");
  CHECK(value_of(splitter.next()) == "next");
  CHECK_FALSE(value_of(splitter.next()));
}
