#include "metrics/family_writer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "metrics/text_format.h"
#include "support/catch.h"

using namespace tidegauge;
using metrics::Family;
using metrics::MetricType;
using metrics::PageSize;
using metrics::Samples;
using metrics::TextWriter;

namespace {

constexpr Family family{"one", MetricType::gauge, "A gauge."};
constexpr Family times{"times", MetricType::histogram, "Durations."};

}  // namespace

TEST_CASE("the size of samples is at least what they take") {
  const auto write = [](const Samples& out) {
    out.add(std::numeric_limits<std::uint64_t>::max(), {{"c", "d"}});
    out.add(model::DurationHistogram());
  };
  TextWriter writer;
  writer.begin(times);
  write(Samples(writer, "a=\"b\","));
  const auto text = writer.out().substr(writer.out().find("times{"));  // without the head
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

TEST_CASE("a writer without names has all families, and with names it has those") {
  CHECK(TextWriter().has(family));
  const TextWriter writer(metrics::TextDialect::prometheus, {"two", "one"});
  CHECK(writer.has(family));
  CHECK_FALSE(writer.has(times));
}

TEST_CASE("the position counts what was taken, and a large buffer is given back") {
  TextWriter writer;
  writer.begin(family);
  writer.sample({}, 1);
  const auto size = writer.out().size();
  CHECK(writer.position() == size);
  writer.clear(1'000);
  CHECK(writer.out().empty());
  CHECK(writer.position() == size);
  for (int i = 0; i < 1'000; ++i) writer.sample({}, 1);
  CHECK(writer.out().capacity() > 4'000);
  writer.clear(1'000);
  CHECK(writer.out().capacity() < 100);
}
