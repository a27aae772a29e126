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
// Names of elements and attributes are literals of the program, of a list of those whose content is
// plain text: <script>, onclick, style, href and the like do not compile. Each other text is
// escaped, and there is no way to write one that is not. Addresses are of the type RelativeUrl,
// which has neither a scheme nor a host. Callbacks close what they open. Not thread-safe; `out`
// must outlive the writer.

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
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

/// The name of an element whose text a browser only shows.
class Tag {
 public:
  template <std::size_t Size>
  consteval Tag(const char (&name)[Size])  // NOLINT(*-explicit-*, *-avoid-c-arrays)
      : name_(name, Size - 1) {
    constexpr std::array allowed{
        "body",    "br",     "caption", "dd",  "div",   "dl",    "dt",     "figcaption",
        "figure",  "footer", "h1",      "h2",  "h3",    "head",  "header", "html",
        "li",      "main",   "meta",    "nav", "ol",    "p",     "path",   "rect",
        "section", "span",   "strong",  "svg", "table", "tbody", "td",     "th",
        "thead",   "time",   "title",   "tr",  "ul"};
    if (std::ranges::find(allowed, name_) == allowed.end()) {
      throw "its text may be code";  // which ends the compilation
    }
  }
  [[nodiscard]] constexpr std::string_view text() const noexcept { return name_; }

 private:
  std::string_view name_;
};

/// The name of an attribute whose value is plain text.
class AttributeName {
 public:
  template <std::size_t Size>
  consteval AttributeName(const char (&name)[Size])  // NOLINT(*-explicit-*, *-avoid-c-arrays)
      : name_(name, Size - 1) {
    constexpr std::array allowed{
        "charset", "class", "d",     "datetime", "height", "id",     "lang", "preserveAspectRatio",
        "role",    "scope", "title", "tabindex", "width",  "viewBox"};
    if (!name_.starts_with("aria-") && !name_.starts_with("data-") &&
        std::ranges::find(allowed, name_) == allowed.end()) {
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

/// A part of an address, with neither a scheme nor a host.
class RelativePath {
 public:
  template <std::size_t Size>
  consteval RelativePath(const char (&path)[Size])  // NOLINT(*-explicit-*, *-avoid-c-arrays)
      : path_(path, Size - 1) {
    if (path_.starts_with('/') || path_.find(':') != std::string_view::npos) {
      throw "leads to another place than the daemon";  // which ends the compilation
    }
  }
  [[nodiscard]] constexpr std::string_view text() const noexcept { return path_; }

 private:
  std::string_view path_;
};

/// An address that is relative to the page's own, as a page may be served behind any prefix:
/// literals and percent-encoded segments. So it has neither a scheme nor a host.
class RelativeUrl {
 public:
  RelativeUrl(RelativePath path) : text_(path.text()) {}  // NOLINT(*-explicit-*)
  /// `root` leads from the page to the place that `path` starts from: "../../" and "metrics".
  RelativeUrl(RelativePath root, RelativePath path)
      : text_(std::string(root.text()).append(path.text())) {}
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
  void element(Tag tag, Attributes attributes, Content&& content) {
    open(tag, attributes);
    std::forward<Content>(content)();
    close(tag);
  }
  void element(Tag tag, Attributes attributes, std::string_view content) {
    open(tag, attributes);
    text(content);
    close(tag);
  }
  /// An element that has no end tag, as <br>.
  void empty_element(Tag tag, Attributes attributes = {}) { open(tag, attributes); }

  void link(const RelativeUrl& url, std::string_view content, Attributes attributes = {});
  void stylesheet(const RelativeUrl& url);
  void script(const RelativeUrl& url);
  void icon(const RelativeUrl& url);
  /// <meta name= content=>
  void meta(Literal name, Literal content);

  void text(std::string_view text);

 private:
  void open(Tag tag, Attributes attributes);
  void close(Tag tag);
  void add_attribute(std::string_view name, std::string_view value);

  std::string* out_;
};

}  // namespace tidegauge::status
