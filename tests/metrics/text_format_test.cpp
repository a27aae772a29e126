#include "metrics/text_format.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "support/catch.h"

using namespace tidegauge;
using metrics::append_label;
using metrics::Family;
using metrics::MetricType;
using metrics::Number;
using metrics::PageSize;
using metrics::Samples;
using metrics::TextWriter;
using test::contains;

namespace {

constexpr Family family{"one", MetricType::gauge, "A gauge."};
constexpr Family times{"times", MetricType::histogram, "Durations."};

std::string text_of(Number number) {
  std::string text;
  number.append_to(text);
  return text;
}

}  // namespace

TEST_CASE("whole numbers are exact and have no exponent") {
  CHECK(text_of(0) == "0");
  CHECK(text_of(-7) == "-7");
  CHECK(text_of(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  CHECK(text_of(9007199254740992.0) == "9007199254740992");
}

TEST_CASE("fractions are the shortest text that reads back the same") {
  CHECK(text_of(0.1) == "0.1");
  CHECK(text_of(0.0001) == "0.0001");
  CHECK(text_of(0.000025) == "2.5e-05");
  CHECK(std::stod(text_of(1.0 / 3)) == 1.0 / 3);
}

TEST_CASE("the head of a family comes once, before its first sample") {
  std::string text;
  bool has_head = false;
  TextWriter writer(text, family, has_head);
  CHECK(text.empty());
  writer.sample({}, {}, 1);
  writer.sample("a=\"b\",", {{"c", "d"}}, 2);
  CHECK(text ==
        "# HELP one A gauge.\n# TYPE one gauge\n"
        "one 1\n"
        "one{a=\"b\",c=\"d\"} 2\n");
}

TEST_CASE("a histogram has its cumulative buckets, sum and count") {
  model::DurationHistogram histogram;
  for (const double seconds : {0.00001, 0.0009, 0.3, 20.0}) histogram.observe(seconds);
  std::string text;
  bool has_head = true;
  TextWriter(text, times, has_head).histogram("a=\"b\",", {}, histogram);
  CHECK_THAT(text, contains("times_bucket{a=\"b\",le=\"2.5e-05\"} 1\n") &&
                       contains("times_bucket{a=\"b\",le=\"0.0005\"} 1\n") &&
                       contains("times_bucket{a=\"b\",le=\"0.001\"} 2\n") &&
                       contains("times_bucket{a=\"b\",le=\"0.25\"} 2\n") &&
                       contains("times_bucket{a=\"b\",le=\"0.5\"} 3\n") &&
                       contains("times_bucket{a=\"b\",le=\"10\"} 3\n") &&
                       contains("times_bucket{a=\"b\",le=\"+Inf\"} 4\n") &&
                       contains("times_count{a=\"b\"} 4\n"));
}

TEST_CASE("the size of samples is at least what they take") {
  const auto write = [](const Samples& out) {
    out.add(std::numeric_limits<std::uint64_t>::max(), {{"c", "d"}});
    out.add(model::DurationHistogram());
  };
  std::string text;
  bool has_head = true;
  TextWriter writer(text, times, has_head);
  write(Samples(writer, "a=\"b\","));
  PageSize size;
  write(Samples(size, times, "a=\"b\","));
  CHECK(size.series == static_cast<std::size_t>(std::ranges::count(text, '\n')));
  CHECK(size.bytes >= text.size());
}

TEST_CASE("an absent value makes no sample") {
  PageSize size;
  const Samples out(size, family, {});
  out.add(std::optional<double>());
  CHECK(size == PageSize{});
  out.add(std::optional(1.5));
  CHECK(size.series == 1);
}

TEST_CASE("an empty label value appends nothing") {
  std::string labels;
  CHECK_FALSE(append_label(labels, "a", ""));
  CHECK(labels.empty());
}

TEST_CASE("quotes, backslashes and line breaks in a label value are escaped") {
  std::string labels;
  CHECK_FALSE(append_label(labels, "a", "\"\\\n"));
  CHECK(labels == "a=\"\\\"\\\\\\n\",");
}

TEST_CASE("two long label values that differ at the end stay different, or keep their beginning") {
  const std::string one = std::string(100, 'x') + "1";
  const std::string two = std::string(100, 'x') + "2";
  const auto label = [](const std::string& value, metrics::Cut cut) {
    std::string labels;
    CHECK(append_label(labels, "a", value, 40, cut));
    return labels;
  };
  CHECK(label(one, metrics::Cut::distinct) != label(two, metrics::Cut::distinct));
  CHECK(label(one, metrics::Cut::distinct).size() == 40 + sizeof("a=\"\",") - 1);
  CHECK(label(one, metrics::Cut::front) == "a=\"" + std::string(40, 'x') + "\",");
}
