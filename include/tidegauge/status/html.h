#pragma once

// Writes HTML that cannot have anything but what the program means: names of containers, labels and
// error texts are attackers' text, and this is the one place that escapes them.
//
//   std::string out;
//   Html html(out);
//   html.element("tr", {{"class", "container"}, {"data-key", key}}, [&] {
//     html.element("td", {}, [&] { html.link(url, container.name); });
//   });
//
// Names of elements and attributes are literals of the program. Each other text is escaped, and
// there is no way to write one that is not. An attribute that takes code or an address (onclick,
// style, href, src) does not compile; addresses are of the type RelativeUrl, which has no scheme.
// Callbacks close what they open. Not thread-safe; `out` must outlive the writer.

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace tidegauge::status {

/// A text of the program, known when it is compiled.
class Literal {
 public:
  template <std::size_t Size>
  consteval Literal(const char (&text)[Size])  // NOLINT(*-explicit-*, *-avoid-c-arrays)
      : text_(text, Size - 1) {}
  [[nodiscard]] constexpr std::string_view text() const noexcept { return text_; }

 private:
  std::string_view text_;
};

/// The name of an attribute whose value is plain text.
class AttributeName {
 public:
  template <std::size_t Size>
  consteval AttributeName(const char (&name)[Size])  // NOLINT(*-explicit-*, *-avoid-c-arrays)
      : name_(name, Size - 1) {
    if (name_.starts_with("on") || name_ == "style" || name_ == "href" || name_ == "src" ||
        name_ == "action" || name_ == "srcdoc" || name_ == "content") {
      throw "takes code or an address";  // which ends the compilation
    }
  }
  [[nodiscard]] constexpr std::string_view text() const noexcept { return name_; }

 private:
  std::string_view name_;
};

struct Attribute {
  AttributeName name;
  std::string_view value;
};
using Attributes = std::initializer_list<Attribute>;

/// An address that is relative to the page's own, as a page may be served behind any prefix:
/// literals and percent-encoded segments. So it has neither a scheme nor a host.
class RelativeUrl {
 public:
  RelativeUrl(Literal path) : text_(path.text()) {}  // NOLINT(*-explicit-*)
  /// `root` leads from the page to the place that `path` starts from: "../../" and "metrics".
  RelativeUrl(Literal root, Literal path) : text_(std::string(root.text()).append(path.text())) {}
  /// "a/b" and "x y": "a/b/x%20y".
  RelativeUrl& add_segment(std::string_view segment);
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

class Html {
 public:
  explicit Html(std::string& out) noexcept : out_(&out) {}

  void doctype() { out_->append("<!DOCTYPE html>\n"); }

  template <std::invocable Content>
  void element(Literal tag, Attributes attributes, Content&& content) {
    open(tag, attributes);
    std::forward<Content>(content)();
    close(tag);
  }
  void element(Literal tag, Attributes attributes, std::string_view content) {
    open(tag, attributes);
    text(content);
    close(tag);
  }
  /// An element that has no end tag, as <br>.
  void empty_element(Literal tag, Attributes attributes = {}) { open(tag, attributes); }

  void link(const RelativeUrl& url, std::string_view content, Attributes attributes = {});
  void stylesheet(const RelativeUrl& url);
  void script(const RelativeUrl& url);
  void icon(const RelativeUrl& url);
  /// <meta name= content=>
  void meta(Literal name, Literal content);

  void text(std::string_view text);

 private:
  void open(Literal tag, Attributes attributes);
  void close(Literal tag);
  void add_attribute(std::string_view name, std::string_view value);

  std::string* out_;
};

}  // namespace tidegauge::status
