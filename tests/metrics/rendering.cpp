#include "metrics/rendering.h"

#include <chrono>
#include <new>

#include "tidegauge/metrics/instruments.h"
#include "tidegauge/metrics/series_limit.h"

namespace tidegauge::test {

std::vector<std::string> render_pieces(const metrics::PageInput& input, const Rendering& how) {
  Logger logger(LogLevel::error, LogFormat::logfmt, [](void*, std::string_view) {}, nullptr);
  metrics::SeriesLimit limit(how.max, logger);
  ThreadGuard threads(logger);
  static_cast<void>(threads.run_once("monitor", [] { throw std::bad_alloc(); }));
  metrics::Instruments instruments(logger, threads, {.process = false, .started_at = daemon_start});
  instruments.record_cycle({.endpoint = "local",
                            .duration = std::chrono::milliseconds(42),
                            .list_errors = 0,
                            .inspect_errors = 1,
                            .stats_errors = 2});
  instruments.record_request(
      {.path = "/metrics", .status = 200, .seconds = 0.003, .encoding = "gzip", .bytes = 4'096});
  instruments.record_web_load(3, 1);
  instruments.record_history(4'096);
  metrics::Page page(input, how.options, instruments, limit, how.request);
  std::vector<std::string> pieces;
  for (auto piece = page.next(); !piece.empty(); piece = page.next()) pieces.emplace_back(piece);
  return pieces;
}

std::string render(const metrics::PageInput& input, const Rendering& how) {
  std::string page;
  for (const auto& piece : render_pieces(input, how)) page += piece;
  return page;
}

}  // namespace tidegauge::test
