#include "tidegauge/util/man_page.h"

#include <string>

#include "support/catch.h"

using namespace tidegauge;

namespace {

constexpr ManPageTitle title{.name = "tide.yaml", .section = 5, .description = "what it is"};

/// The page below its head.
std::string body_of(std::string_view markdown) {
  const auto page = man_page(title, markdown);
  const auto head = man_page(title, "");
  REQUIRE(page.starts_with(head));
  return page.substr(head.size());
}

}  // namespace

TEST_CASE("a page begins with its title and the line that whatis(1) reads") {
  CHECK(
      man_page(title, "") ==
      ".TH TIDE.YAML 5 \"\" tidegauge \"tidegauge manual\"\n.SH NAME\ntide.yaml \\- what it is\n");
}

TEST_CASE("headings become sections, in capitals but for code") {
  CHECK(body_of("# Title\n\nText.\n") == ".SH DESCRIPTION\nText.\n");
  CHECK(body_of("## See also\n\nText.\n") == ".SH SEE ALSO\nText.\n");
  CHECK(body_of("## The `log`\n### `log.level`\n") ==
        ".SH THE \\fBlog\\fR\n.SS \\fBlog.level\\fR\n");
}

TEST_CASE("empty lines divide paragraphs") {
  CHECK(body_of("# T\n\nOne\nline.\n\nTwo.\n") == ".SH DESCRIPTION\nOne\nline.\n.PP\nTwo.\n");
}

TEST_CASE("lists have bullets or numbers, and their items may have several lines") {
  CHECK(body_of("- one\n  more\n- two\n") == ".IP \\(bu 2\none\nmore\n.IP \\(bu 2\ntwo\n");
  CHECK(body_of("1. one\n12. two\n\nText.\n") == ".IP 1. 3\none\n.IP 12. 3\ntwo\n.PP\nText.\n");
}

TEST_CASE("code and bold text are bold, also over a line break") {
  CHECK(body_of("`a-b` and **c**\n") == "\\fBa\\-b\\fR and \\fBc\\fR\n");
  CHECK(body_of("`tidegauge\n--exits`\n") == "\\fBtidegauge\n\\-\\-exits\\fR\n");
}

TEST_CASE("fenced code is copied as it is") {
  CHECK(body_of("```yaml\n- a: 'b'\n\n## c\n```\n") ==
        ".PP\n.RS 4\n.EX\n\\- a: \\(aqb\\(aq\n\n## c\n.EE\n.RE\n");
}

TEST_CASE("comments are left out") {
  CHECK(body_of("<!-- one -->\n<!-- two\n## three\n-->\nText.\n") == "Text.\n");
}

TEST_CASE("no text is taken for a request of the formatter") {
  CHECK(body_of(".hidden\n'quoted'\nback\\slash\n") == "\\&.hidden\n\\&'quoted'\nback\\eslash\n");
  CHECK(body_of("```\n.TH\n```\n") == ".PP\n.RS 4\n.EX\n\\&.TH\n.EE\n.RE\n");
  CHECK(body_of("`~/.docker ^ \\`\n") == "\\fB\\(ti/.docker \\(ha \\e\\fR\n");
}
