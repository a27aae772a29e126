#include "status/page_frame.h"

#include <algorithm>
#include <cmath>

#include "status/plot_path.h"
#include "status/units.h"
#include "tidegauge/util/timestamp.h"

namespace tidegauge::status {
namespace {

/// Steps of a bar: finer ones nobody sees.
constexpr int meter_steps = 20;

void write_head(Html& html, const PageFrame& frame, const StatusInput& input) {
  html.element("head", {}, [&] {
    html.empty_element("meta", {{"charset", "utf-8"}});
    html.meta("viewport", "width=device-width, initial-scale=1");
    html.meta("color-scheme", "light dark");
    html.meta("referrer", "no-referrer");
    html.element("title", {}, frame.title + " - " + input.host_name + " - tidegauge");
    html.icon({frame.root, "assets/icon.svg"});
    html.stylesheet({frame.root, "assets/page.css"});
    html.script({frame.root, "assets/page.js"});
  });
}

void write_navigation_link(Html& html, const PageFrame& frame, const RelativeUrl& url,
                           std::string_view text, std::string_view kind) {
  if (frame.kind.text() == kind) {
    html.link(url, text, {{"aria-current", "page"}});
  } else {
    html.link(url, text);
  }
}

void write_top(Html& html, const PageFrame& frame, const StatusInput& input) {
  html.link({"#main"}, "Skip to the content", {{"class", "skip"}});
  html.element("header", {{"id", "top"}}, [&] {
    html.element("p", {{"class", "brand"}}, "tidegauge");
    html.element("p", {{"class", "host"}}, input.host_name);
    html.element("nav", {{"aria-label", "Pages"}}, [&] {
      // "./" is the directory of the page: the address of `/` behind any prefix.
      write_navigation_link(html, frame, {frame.root, "./"}, "Overview", "overview");
      write_navigation_link(html, frame, {frame.root, "pool"}, "Connections", "pool");
      html.link({frame.root, "metrics"}, "Metrics");
      html.link({frame.root, "api/v1/containers"}, "JSON");
    });
    html.element("p", {{"class", "as-of"}, {"id", "as-of"}}, [&] {
      html.text("As of ");
      const auto text = to_rfc3339(input.now, Decimals::milliseconds);
      html.element("time", {{"datetime", text}}, text.substr(11, 8) + " UTC");
    });
  });
}

void write_foot(Html& html, const PageFrame& frame) {
  html.element("footer", {}, [&] {
    html.element("p", {}, [&] {
      html.text("tidegauge " TIDEGAUGE_VERSION
                ". The numbers come from the kernel's files where "
                "they are visible, otherwise from the Engine. ");
      html.link({frame.root, "-/healthy"}, "Healthy");
      html.text(" ");
      html.link({frame.root, "-/ready"}, "Ready");
    });
  });
}

/// A server refuses a path with control characters, and a browser takes dots for directories. No
/// Engine gives such names.
bool has_address(std::string_view name) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; };
  return !name.empty() && name != "." && name != ".." && std::ranges::none_of(name, is_control);
}

}  // namespace

std::string page(const PageFrame& frame, const StatusInput& input,
                 const std::function<void(Html&)>& content) {
  std::string out;
  Html html(out);
  html.doctype();
  html.element("html", {{"lang", "en"}}, [&] {
    write_head(html, frame, input);
    html.element("body", {{"data-page", frame.kind.text()}}, [&] {
      write_top(html, frame, input);
      html.element("main", {{"id", "main"}}, [&] { content(html); });
      write_foot(html, frame);
    });
  });
  return out;
}

void write_section(Html& html, Literal id, std::string_view heading,
                   const std::function<void()>& content) {
  const auto heading_id = std::string(id.text()) + "-heading";
  html.element("section", {{"id", id.text()}, {"aria-labelledby", heading_id}}, [&] {
    html.element("h2", {{"id", heading_id}}, heading);
    content();
  });
}

void write_wide(Html& html, Literal section, const std::function<void()>& content) {
  html.element("div",
               {{"class", "wide"},
                {"role", "group"},
                {"tabindex", "0"},
                {"aria-labelledby", std::string(section.text()) + "-heading"}},
               content);
}

void write_table_head(Html& html, std::initializer_list<std::string_view> headings) {
  html.element("thead", {}, [&] {
    html.element("tr", {}, [&] {
      for (const auto heading : headings) html.element("th", {{"scope", "col"}}, heading);
    });
  });
}

void write_time(Html& html, WallTime time, std::string_view text) {
  const auto exact = to_rfc3339(time, Decimals::milliseconds);
  html.element("time", {{"datetime", exact}, {"title", exact}}, text);
}

void write_ago(Html& html, WallTime time, WallTime now) {
  write_time(html, time, ago_text(time, now));
}

/// For the overview: the pages of containers are below it.
void write_container_name(Html& html, const model::EngineSnapshot& engine, std::string_view name) {
  if (!has_address(name) || model::find_container(engine, name) == nullptr) {
    html.element("span", {{"class", "name"}}, name);
  } else {
    RelativeUrl url("containers/");
    url.add_segment(engine.endpoint).add_segment(name);
    html.link(url, name);
  }
}

void write_fact(Html& html, std::string_view term, std::string_view text, std::string_view exact) {
  if (text.empty()) return;
  html.element("div", {}, [&] {
    html.element("dt", {}, term);
    if (exact.empty()) {
      html.element("dd", {}, text);
    } else {
      html.element("dd", {{"title", exact}}, text);
    }
  });
}

void write_meter(Html& html, double share) {
  const auto step = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * meter_steps));
  const auto width = std::to_string(step);
  html.element("svg",
               {{"class", share >= 0.9 ? "meter full" : "meter"},
                {"viewBox", "0 0 20 2"},
                {"preserveAspectRatio", "none"},
                {"aria-hidden", "true"}},
               [&] { html.element("rect", {{"width", width}, {"height", "2"}}, ""); });
}

void write_small_plot(Html& html, const Plot& plot, double top) {
  constexpr int height = 16;
  html.element(
      "svg",
      {{"class", "plot"},
       {"viewBox", "0 -1 44 18"},
       {"preserveAspectRatio", "none"},
       {"aria-hidden", "true"}},
      [&] { html.element("path", {{"d", plot_path(half_as_many(plot), top, height)}}, ""); });
}

}  // namespace tidegauge::status
