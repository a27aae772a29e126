#pragma once

// How runs ended, as text for a terminal of 100 columns: a table, or each end with its evidence.
// Names and texts come from containers, so that control characters in them are escaped. Pure
// functions.

#include <ctime>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/model/error.h"
#include "tidegauge/model/run_end.h"

namespace tidegauge::app {

struct ListedExit {
  std::string endpoint;
  model::RunEnd end;
};

/// What /api/v1/exits answers.
struct ExitsAnswer {
  std::vector<ListedExit> exits;  ///< the newest first
  bool has_more = false;
};

/// Errc::bad_reply says what is wrong with the answer.
[[nodiscard]] Result<ExitsAnswer> read_exits(std::string_view body);

struct ReportStyle {
  bool names_endpoints = false;  ///< whether a container is shown with its Engine: "local/web"
  /// The local time, with its zone.
  std::function<std::tm(std::time_t)> local_time;
};

/// A row for each end, the newest last.
[[nodiscard]] std::string exits_table(const ExitsAnswer& answer, const ReportStyle& style);
/// A paragraph for each end, the newest last: what the run used, the evidence in order, the log.
[[nodiscard]] std::string exits_in_detail(const ExitsAnswer& answer, const ReportStyle& style);

/// Why the run ended, in a few words: "exit code 3". Not escaped.
[[nodiscard]] std::string short_reason(const model::RunEnd& end);

}  // namespace tidegauge::app
