#include "tidegauge/status/html.h"

#include <string>

#include "support/catch.h"

using tidegauge::status::Html;
using tidegauge::status::RelativeUrl;

namespace {

std::string written(const auto& write) {
  std::string out;
  Html html(out);
  write(html);
  return out;
}

std::string as_text(std::string_view text) {
  return written([&](Html& html) { html.text(text); });
}

}  // namespace

TEST_CASE("a text is escaped wherever it stands") {
  CHECK(as_text("<img src=x onerror='alert(1)'> & \"more\"") ==
        "&lt;img src=x onerror=&#39;alert(1)&#39;&gt; &amp; &quot;more&quot;");
  CHECK(written([](Html& html) { html.element("td", {}, "</td><script>"); }) ==
        "<td>&lt;/td&gt;&lt;script&gt;</td>");
  CHECK(written([](Html& html) { html.element("td", {{"title", "\" onclick=\"x"}}, ""); }) ==
        "<td title=\"&quot; onclick=&quot;x\"></td>");
  CHECK(written([](Html& html) { html.link({"a"}, "<b>", {{"title", "<i>"}}); }) ==
        "<a href=\"a\" title=\"&lt;i&gt;\">&lt;b&gt;</a>");
}

TEST_CASE("each byte but those of markup and control comes out as it is") {
  std::string plain;
  for (char c = ' '; c <= '~'; ++c) {
    if (std::string_view("<>&\"'").find(c) == std::string_view::npos) plain.push_back(c);
  }
  CHECK(as_text(plain) == plain);
  CHECK(as_text("Größe ↓ 数") == "Größe ↓ 数");
}

TEST_CASE("what is not seen or turns the direction of writing shows as its code") {
  CHECK(as_text("a\x01z") == "a\\x01z");
  CHECK(as_text("\xff") == "\\xff");
  CHECK(as_text("user\u202Etxt.exe") == "user\\u202etxt.exe");
  CHECK(as_text(std::string("nul\0<", 5)) == "nul\\x00&lt;");
}

TEST_CASE("elements stand within each other, and close what they open") {
  const auto out = written([](Html& html) {
    html.doctype();
    html.element("ul", {{"class", "a b"}}, [&] {
      html.element("li", {}, "one");
      html.empty_element("br");
    });
  });
  CHECK(out == "<!DOCTYPE html>\n<ul class=\"a b\"><li>one</li><br></ul>");
}

TEST_CASE("an address is relative, and a segment cannot leave its place") {
  const auto url = [](std::string_view segment) {
    RelativeUrl result("../../", "containers/");
    result.add_segment("local").add_segment(segment);
    return result.text();
  };
  CHECK(url("web-1_a.b~") == "../../containers/local/web-1_a.b~");
  CHECK(url("javascript:alert(1)") == "../../containers/local/javascript%3Aalert%281%29");
  CHECK(url("a/b?c#d%") == "../../containers/local/a%2Fb%3Fc%23d%25");
  CHECK(url("\" x") == "../../containers/local/%22%20x");
  CHECK(url("ü") == "../../containers/local/%C3%BC");
}

TEST_CASE("the parts of a head name their files") {
  CHECK(written([](Html& html) {
          html.meta("viewport", "width=device-width");
          html.icon({"../", "i.svg"});
          html.stylesheet({"p.css"});
          html.script({"p.js"});
        }) ==
        "<meta name=\"viewport\" content=\"width=device-width\">"
        "<link rel=\"icon\" href=\"../i.svg\"><link rel=\"stylesheet\" href=\"p.css\">"
        "<script defer src=\"p.js\"></script>");
}
