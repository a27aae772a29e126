#include "status/end_text.h"

#include <algorithm>

#include "status/units.h"

namespace tidegauge::status {

std::string end_details(const model::RunEnd& end) {
  std::string text;
  if (end.signal) {
    text = model::signal_name(*end.signal);
  } else if (end.exit_code) {
    text = "exit code " + std::to_string(*end.exit_code);
  }
  if (const auto seconds = duration_seconds(end)) {
    text += (text.empty() ? "after " : ", after ") + duration_text(*seconds);
  }
  return text;
}

std::string end_summary(const model::RunEnd& end) {
  const auto details = end_details(end);
  const std::string cause(to_string(end.cause));
  return details.empty() ? cause : cause + ", " + details;
}

std::string_view telling_evidence(const model::RunEnd& end) {
  if (end.evidence.empty()) return {};
  const auto of_kernel =
      std::ranges::find(end.evidence, model::Evidence::Source::kernel, &model::Evidence::source);
  return of_kernel == end.evidence.end() ? end.evidence.front().text : of_kernel->text;
}

}  // namespace tidegauge::status
