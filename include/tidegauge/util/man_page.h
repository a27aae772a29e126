#pragma once

// Manual pages out of Markdown, for the texts that are printed as both. Pure functions.

#include <string>
#include <string_view>

namespace tidegauge {

struct ManPageTitle {
  std::string_view name;         ///< "tidegauge.yaml"
  int section = 0;               ///< 5
  std::string_view description;  ///< for whatis(1): half a sentence
};

/// A page for man(1). Of Markdown it knows headings, paragraphs, lists that are not nested, fenced
/// code, `code` and **bold**; comments are left out. "# TITLE" begins the section DESCRIPTION,
/// "## X" a section, and "### X" a subsection.
[[nodiscard]] std::string man_page(const ManPageTitle& title, std::string_view markdown);

}  // namespace tidegauge
