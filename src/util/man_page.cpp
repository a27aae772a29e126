#include "tidegauge/util/man_page.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "tidegauge/util/ascii.h"

namespace tidegauge {
namespace {

enum class Letters : std::uint8_t { as_they_are, capital };

/// Turns one line of Markdown after another into a line of the page.
class ManPageWriter {
 public:
  void line(std::string_view text) {
    if (in_comment_ || text.starts_with("<!--")) {
      in_comment_ = text.find("-->") == std::string_view::npos;
    } else if (text.starts_with("```")) {
      fence();
    } else if (in_fence_) {
      write(code(text));
    } else if (text.empty()) {
      after_gap_ = !after_heading_;
    } else {
      prose(text);
    }
  }

  [[nodiscard]] std::string text() && { return std::move(out_); }

 private:
  void prose(std::string_view text) {
    const auto digits = text.find_first_not_of("0123456789");
    if (text.starts_with("# ")) {
      heading(".SH DESCRIPTION");
    } else if (text.starts_with("## ")) {
      heading(".SH " + spans(text.substr(3), Letters::capital));
    } else if (text.starts_with("### ")) {
      heading(".SS " + spans(text.substr(4), Letters::as_they_are));
    } else if (text.starts_with("- ")) {
      item(".IP \\(bu 2", text.substr(2));
    } else if (digits != 0 && digits != std::string_view::npos &&
               text.substr(digits).starts_with(". ")) {
      item(".IP " + std::string(text.substr(0, digits + 1)) + " 3", text.substr(digits + 2));
    } else {
      if (after_gap_) out_ += ".PP\n";
      after_gap_ = false;
      write(spans(text.substr(text.find_first_not_of(' ')), Letters::as_they_are));
    }
  }

  void heading(const std::string& request) {
    out_ += request + "\n";
    after_heading_ = true;
    after_gap_ = false;
  }

  void item(const std::string& request, std::string_view text) {
    out_ += request + "\n";
    after_gap_ = false;
    write(spans(text, Letters::as_they_are));
  }

  void fence() {
    out_ += in_fence_ ? ".EE\n.RE\n" : ".PP\n.RS 4\n.EX\n";
    in_fence_ = !in_fence_;
  }

  /// A line that begins like a request would be taken for one.
  void write(const std::string& text) {
    after_heading_ = false;
    out_ += (text.starts_with('.') || text.starts_with('\'') ? "\\&" : "") + text + "\n";
  }

  static std::string code(std::string_view text) {
    std::string out;
    for (const char c : text) out += code_character(c);
    return out;
  }

  /// What is to be copied from the page stays ASCII.
  static std::string code_character(char c) {
    switch (c) {
      case '\\':
        return "\\e";
      case '-':
        return "\\-";
      case '\'':
        return "\\(aq";
      case '`':
        return "\\(ga";
      case '^':
        return "\\(ha";
      case '~':
        return "\\(ti";
      default:
        return {c};
    }
  }

  /// `code` and **bold** may go on in the next line.
  std::string spans(std::string_view text, Letters letters) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '`') {
        in_code_ = !in_code_;
        out += in_code_ ? "\\fB" : "\\fR";
      } else if (in_code_) {
        out += code_character(text[i]);
      } else if (text.substr(i).starts_with("**")) {
        in_bold_ = !in_bold_;
        out += in_bold_ ? "\\fB" : "\\fR";
        ++i;
      } else if (text[i] == '\\') {
        out += "\\e";
      } else {
        out += letters == Letters::capital ? ascii_upper(text[i]) : text[i];
      }
    }
    return out;
  }

  std::string out_;
  bool after_heading_ = false;
  bool after_gap_ = false;
  bool in_comment_ = false;
  bool in_fence_ = false;
  bool in_code_ = false;
  bool in_bold_ = false;
};

}  // namespace

std::string man_page(const ManPageTitle& title, std::string_view markdown) {
  const std::string name(title.name);
  ManPageWriter writer;
  while (!markdown.empty()) {
    const auto end = std::min(markdown.find('\n'), markdown.size());
    writer.line(markdown.substr(0, end));
    markdown.remove_prefix(std::min(end + 1, markdown.size()));
  }
  return ".TH " + ascii_upper_case(name) + " " + std::to_string(title.section) +
         " \"\" tidegauge \"tidegauge manual\"\n.SH NAME\n" + name + " \\- " +
         std::string(title.description) + "\n" + std::move(writer).text();
}

}  // namespace tidegauge
