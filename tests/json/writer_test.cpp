#include "tidegauge/json/writer.h"

#include <rapidcheck.h>

#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "support/catch.h"
#include "tidegauge/json/reader.h"

using namespace tidegauge;
using test::value_of;

namespace {

/// The text that `write` makes.
template <class Write>
std::string written(const Write& write) {
  std::string out;
  json::Writer writer(out);
  write(writer);
  return out;
}

/// Any JSON value, as a test makes it up.
struct Node;
using List = std::vector<Node>;
using Table = std::map<std::string, Node>;
struct Node {
  std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, List, Table>
      value;
};

void write(json::Writer& writer, const Node& node);

struct WritingVisitor {
  json::Writer& writer;

  void operator()(std::monostate) const { writer.null(); }
  void operator()(const List& list) const {
    writer.array([&] {
      for (const auto& element : list) write(writer, element);
    });
  }
  void operator()(const Table& table) const {
    writer.object([&] {
      for (const auto& [key, member] : table) write(writer.key(key), member);
    });
  }
  void operator()(const auto& scalar) const { writer.value(scalar); }
};

void write(json::Writer& writer, const Node& node) {
  std::visit(WritingVisitor{writer}, node.value);
}

bool equals(json::Value read, const Node& node);

bool equals_list(json::Value read, const List& list) {
  auto expected = list.begin();
  for (const auto element : read.elements()) {
    if (expected == list.end() || !equals(element, *expected++)) return false;
  }
  return read.is_array() && expected == list.end();
}

bool equals_table(json::Value read, const Table& table) {
  auto expected = table.begin();
  for (const auto& [key, member] : read.members()) {
    if (expected == table.end() || key != expected->first) return false;
    if (!equals(member, (expected++)->second)) return false;
  }
  return read.is_object() && expected == table.end();
}

bool equals(json::Value read, const Node& node) {
  struct Visitor {
    json::Value read;
    bool operator()(std::monostate) const { return !read.is_present(); }
    bool operator()(bool truth) const { return read.boolean() == truth; }
    bool operator()(std::int64_t number) const { return read.integer() == number; }
    bool operator()(std::uint64_t number) const { return read.count() == number; }
    /// RapidJSON's reader may miss the last digits, and loses subnormal numbers.
    bool operator()(double number) const {
      const auto margin = std::abs(number) * 1e-15 + std::numeric_limits<double>::min();
      return std::abs(read.number().value() - number) <= margin;
    }
    bool operator()(const std::string& text) const { return read.text_view() == text; }
    bool operator()(const List& list) const { return equals_list(read, list); }
    bool operator()(const Table& table) const { return equals_table(read, table); }
  };
  return std::visit(Visitor{read}, node.value);
}

/// Text of any ASCII characters and some longer ones: invalid UTF-8 does not read back as itself.
std::string any_text() {
  std::string text;
  for (const int point : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 132))) {
    constexpr const char* longer[] = {"\u00e9", "\u20ac", "\U0001F600", "\u2028"};
    text += point < 128 ? std::string(1, static_cast<char>(point)) : longer[point - 128];
  }
  return text;
}

Node any_node(int depth) {
  switch (*rc::gen::inRange(0, depth > 0 ? 8 : 6)) {
    case 0:
      return {};
    case 1:
      return {*rc::gen::arbitrary<bool>()};
    case 2:
      return {*rc::gen::arbitrary<std::int64_t>()};
    case 3:
      return {*rc::gen::arbitrary<std::uint64_t>()};
    case 4:
      return {*rc::gen::suchThat(rc::gen::arbitrary<double>(),
                                 [](double number) { return std::isfinite(number); })};
    case 5:
      return {any_text()};
    case 6: {
      List list;
      for (int left = *rc::gen::inRange(0, 5); left > 0; --left)
        list.push_back(any_node(depth - 1));
      return {std::move(list)};
    }
    default: {
      Table table;
      for (int left = *rc::gen::inRange(0, 5); left > 0; --left) {
        table.insert_or_assign(any_text(), any_node(depth - 1));
      }
      return {std::move(table)};
    }
  }
}

}  // namespace

TEST_CASE("objects and arrays nest and separate their values by commas") {
  const auto text = written([](json::Writer& writer) {
    writer.object([&] {
      writer.key("empty").array([] {});
      writer.key("none").null();
      writer.key("all").array([&] {
        writer.value(1);
        writer.object([] {});
        writer.object([&] { writer.key("yes").value(true); });
        writer.value(false);
      });
      writer.key("last").value("text");
    });
  });
  CHECK(text == R"({"empty":[],"none":null,"all":[1,{},{"yes":true},false],"last":"text"})");
}

TEST_CASE("texts and keys are escaped, and invalid UTF-8 becomes valid") {
  const auto text = written([](json::Writer& writer) {
    writer.object([&] { writer.key("a\"\n").value("\\ \x01 \xff"); });
  });
  CHECK(text == R"({"a\"\n":"\\ \u0001 \\xff"})");
}

TEST_CASE("numbers are exact, and those that JSON does not have become null") {
  const auto text = written([](json::Writer& writer) {
    writer.array([&] {
      writer.value(std::numeric_limits<std::int64_t>::min());
      writer.value(std::numeric_limits<std::uint64_t>::max());
      writer.value(0.1);
      writer.value(1e300);
      writer.value(std::numeric_limits<double>::quiet_NaN());
      writer.value(-std::numeric_limits<double>::infinity());
    });
  });
  CHECK(text == "[-9223372036854775808,18446744073709551615,0.1,1e+300,null,null]");
}

TEST_CASE("the owner of the text may take finished pieces out of it") {
  std::string out;
  std::string taken;
  json::Writer writer(out);
  writer.array([&] {
    for (int i = 0; i < 3; ++i) {
      writer.value(i);
      taken += std::exchange(out, {});
    }
  });
  CHECK(taken + out == "[0,1,2]");
}

TEST_CASE("the reader reads back what the writer writes") {
  CHECK(rc::check([] {
    const auto node = any_node(4);
    const auto text = written([&](json::Writer& writer) { write(writer, node); });
    const auto document = json::Document::parse(text);
    RC_ASSERT(document.has_value());
    RC_ASSERT(equals(document->root(), node));
  }));
}
