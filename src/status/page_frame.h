#pragma once

// What all pages have in common: the head, the navigation and the foot; and small elements that
// several pages have. For one thread.

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "tidegauge/status/history.h"
#include "tidegauge/status/html.h"
#include "tidegauge/status/status_input.h"

namespace tidegauge::status {

struct PageFrame {
  Literal kind;       ///< for scripts and tests: "overview"
  RelativePath root;  ///< leads to `/`: "" or "../../"
  std::string title;
};

/// The whole document around `content`.
[[nodiscard]] std::string page(const PageFrame& frame, const StatusInput& input,
                               const std::function<void(Html&)>& content);

/// A section with a heading, which names it for a screen reader.
void write_section(Html& html, Literal id, std::string_view heading,
                   const std::function<void()>& content);

/// What may be wider than a phone, and is scrolled by itself. `section` is the one around it.
void write_wide(Html& html, Literal section, const std::function<void()>& content);

/// The head of a table: a row of headings of columns.
void write_table_head(Html& html, std::initializer_list<std::string_view> headings);

/// A text for a time, with the exact one.
void write_time(Html& html, WallTime time, std::string_view text);
/// "3 min ago", with the exact time.
void write_ago(Html& html, WallTime time, WallTime now);

/// The name of a container with a link to its page, if it has one.
void write_container_name(Html& html, const model::EngineSnapshot& engine, std::string_view name);

/// A term and its description, of a list <dl>. Nothing is written where the text is empty.
void write_fact(Html& html, std::string_view term, std::string_view text,
                std::string_view exact = {});

/// A bar that shows a share, for the eye: a text beside it says the same.
void write_meter(Html& html, double share);

/// A plot of a row, for the eye alone.
void write_small_plot(Html& html, const Plot& plot, double top);

}  // namespace tidegauge::status
