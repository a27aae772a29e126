#include "app/exits_endpoint.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "app/run_end_json.h"
#include "tidegauge/json/writer.h"
#include "tidegauge/util/timestamp.h"
#include "tidegauge/util/utf8.h"

namespace tidegauge::app {
namespace {

// --- the filter ---------------------------------------------------------------------------------

/// Which ends a client asks for. An empty list: any.
struct ExitFilter {
  std::vector<std::string> names;
  std::vector<std::string> endpoints;
  std::vector<model::EndCause> causes;
  std::optional<WallTime> since;  ///< ended then or later
  std::optional<WallTime> until;  ///< ended then or earlier
  std::size_t limit = usual_exits;
};

/// What a parameter takes, for a client that has given something else.
using Taken = std::expected<void, std::string>;

template <class T>
bool matches(const std::vector<T>& wanted, const T& value) {
  return wanted.empty() || std::ranges::find(wanted, value) != wanted.end();
}

bool matches(const ExitFilter& filter, const model::RunEnd& end) {
  return matches(filter.names, end.name) && matches(filter.causes, end.cause) &&
         (!filter.since || end.ended_at >= *filter.since) &&
         (!filter.until || end.ended_at <= *filter.until);
}

std::string joined(const auto& words) {
  std::string text;
  for (const auto& word : words) text.append(text.empty() ? "" : ", ").append(word);
  return text;
}

std::optional<WallTime> parse_unix_seconds(std::string_view text) {
  constexpr double latest = 7e9;  // of the year 2191; nanoseconds overflow later
  double seconds = 0;
  const auto [end, error] =
      std::from_chars(text.begin(), text.end(), seconds, std::chars_format::fixed);
  if (error != std::errc{} || end != text.end()) return std::nullopt;
  const bool is_time = seconds >= 0 && seconds <= latest;  // NaN is none
  if (!is_time) return std::nullopt;
  return WallTime{std::chrono::nanoseconds{std::llround(seconds * 1e9)}};
}

/// A "+" of an offset that is not escaped arrives as a space.
std::optional<WallTime> parse_time(std::string text) {
  if (const auto time = parse_unix_seconds(text)) return time;
  constexpr std::size_t offset_length = 6;
  if (text.size() > offset_length && text[text.size() - offset_length] == ' ') {
    text[text.size() - offset_length] = '+';
  }
  return parse_timestamp(text);
}

Taken take_time(std::optional<WallTime>& time, const std::string& value) {
  time = parse_time(value);
  if (time) return {};
  return std::unexpected("Unix seconds, or a time as 2026-11-29T10:02:11Z");
}

Taken take_name(ExitFilter& filter, const std::string& value) {
  if (value.empty()) return std::unexpected("the name of a container");
  filter.names.push_back(value);
  return {};
}

Taken take_endpoint(ExitFilter& filter, const std::string& value, const model::Snapshot& engines) {
  std::vector<std::string> known;
  for (const auto& engine : engines) known.push_back(engine->endpoint);
  if (std::ranges::find(known, value) == known.end()) {
    return std::unexpected("one of " + joined(known));
  }
  filter.endpoints.push_back(value);
  return {};
}

Taken take_cause(ExitFilter& filter, const std::string& value) {
  if (const auto cause = model::parse_end_cause(value)) {
    filter.causes.push_back(*cause);
    return {};
  }
  std::vector<std::string_view> known;
  for (const auto cause : model::end_causes) known.push_back(to_string(cause));
  return std::unexpected("one of " + joined(known));
}

Taken take_limit(ExitFilter& filter, const std::string& value) {
  int limit = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), limit);
  if (error != std::errc{} || end != value.data() + value.size() || limit < 1 ||
      limit > most_exits) {
    return std::unexpected("a number from 1 to " + std::to_string(most_exits));
  }
  filter.limit = static_cast<std::size_t>(limit);
  return {};
}

/// The error is a line for the client.
std::expected<ExitFilter, std::string> read_filter(const std::string& query,
                                                   const model::Snapshot& engines) {
  const auto parameters = web::query_parameters(query);
  if (!parameters) return std::unexpected("the query has a % without two hexadecimal digits");
  ExitFilter filter;
  for (const auto& [name, value] : *parameters) {
    Taken taken;
    if (name == "name") {
      taken = take_name(filter, value);
    } else if (name == "endpoint") {
      taken = take_endpoint(filter, value, engines);
    } else if (name == "cause") {
      taken = take_cause(filter, value);
    } else if (name == "since") {
      taken = take_time(filter.since, value);
    } else if (name == "until") {
      taken = take_time(filter.until, value);
    } else if (name == "limit") {
      taken = take_limit(filter, value);
    } else {
      constexpr std::size_t longest_shown = 40;
      return std::unexpected(one_line(name, longest_shown) +
                             ": there is no such parameter; there are name, endpoint, cause, "
                             "since, until and limit");
    }
    if (!taken) return std::unexpected(name + " takes " + taken.error());
  }
  return filter;
}

// --- the answer ---------------------------------------------------------------------------------

struct FoundExit {
  std::string endpoint;
  std::shared_ptr<const model::RunEnd> end;
};

/// All that match, the newest first.
std::vector<FoundExit> find_exits(const ExitFilter& filter, const model::Snapshot& engines) {
  std::vector<FoundExit> found;
  for (const auto& engine : engines) {
    if (!engine->ends || !matches(filter.endpoints, engine->endpoint)) continue;
    for (const auto& end : *engine->ends) {
      if (matches(filter, *end)) found.push_back({engine->endpoint, end});
    }
  }
  std::ranges::sort(found, std::ranges::greater{}, [](const FoundExit& exit) {
    return std::tuple(exit.end->ended_at, exit.end->number);
  });
  return found;
}

/// The page, end by end: a thousand of them are a megabyte and more.
class ExitsPage {
 public:
  ExitsPage(std::vector<FoundExit> exits, bool has_more, bool shows_logs)
      : exits_(std::move(exits)), has_more_(has_more), form_{.log_lines = shows_logs} {}

  /// Empty after the last piece. Valid until the next call.
  std::string_view next_piece() {
    piece_.clear();
    if (next_ > exits_.size()) return piece_;
    if (next_ == 0) piece_ += R"({"exits":[)";
    if (next_ < exits_.size()) {
      if (next_ > 0) piece_ += ',';
      json::Writer writer(piece_);
      write_run_end(writer, exits_[next_].endpoint, *exits_[next_].end, form_);
    } else {
      piece_ += has_more_ ? "],\"more\":true}\n" : "],\"more\":false}\n";
    }
    ++next_;
    return piece_;
  }

 private:
  std::vector<FoundExit> exits_;
  bool has_more_;
  RunEndForm form_;
  std::size_t next_ = 0;
  std::string piece_;
};

}  // namespace

web::Response answer_exits(const web::Request& request, const model::Snapshot& engines) {
  const auto filter = read_filter(request.query, engines);
  if (!filter) return {.status = 400, .body = filter.error() + '\n'};
  auto exits = find_exits(*filter, engines);
  const bool has_more = exits.size() > filter->limit;
  if (has_more) exits.resize(filter->limit);
  return {
      .content_type = "application/json",
      .next_piece = [page = ExitsPage(std::move(exits), has_more, request.is_trusted)]() mutable {
        return page.next_piece();
      }};
}

}  // namespace tidegauge::app
