#include "report.h"

#include <cstdio>

namespace tidegauge::bench {
namespace {

void print(std::string_view name, const Report::Ratio& ratio, double limit, bool holds) {
  std::printf(R"({"name":"%.*s","value":%.4g,"unit":"%.*s","baseline":%.4g,"ratio":%.3f,)"
              R"("limit":%g,"holds":%s})"
              "\n",
              static_cast<int>(name.size()), name.data(), ratio.value,
              static_cast<int>(ratio.unit.size()), ratio.unit.data(), ratio.baseline,
              ratio.value / ratio.baseline, limit, holds ? "true" : "false");
  std::fflush(stdout);
}

void print(std::string_view name, double value, std::string_view unit, const char* rest) {
  std::printf(R"({"name":"%.*s","value":%.4g,"unit":"%.*s","baseline":null,"ratio":null,%s})"
              "\n",
              static_cast<int>(name.size()), name.data(), value, static_cast<int>(unit.size()),
              unit.data(), rest);
  std::fflush(stdout);
}

}  // namespace

void Report::at_most(std::string_view name, const Ratio& ratio, double limit) {
  const bool holds = ratio.value / ratio.baseline <= limit;
  fell_short_ = fell_short_ || !holds;
  print(name, ratio, limit, holds);
}

void Report::at_least(std::string_view name, const Ratio& ratio, double limit) {
  const bool holds = ratio.value / ratio.baseline >= limit;
  fell_short_ = fell_short_ || !holds;
  print(name, ratio, limit, holds);
}

void Report::value_at_most(std::string_view name, double value, std::string_view unit,
                           double limit) {
  const bool holds = value <= limit;
  fell_short_ = fell_short_ || !holds;
  char rest[64];
  std::snprintf(rest, sizeof rest, R"("limit":%g,"holds":%s)", limit, holds ? "true" : "false");
  print(name, value, unit, rest);
}

void Report::value_at_least(std::string_view name, double value, std::string_view unit,
                            double limit) {
  const bool holds = value >= limit;
  fell_short_ = fell_short_ || !holds;
  char rest[64];
  std::snprintf(rest, sizeof rest, R"("limit":%g,"holds":%s)", limit, holds ? "true" : "false");
  print(name, value, unit, rest);
}

void Report::note(std::string_view name, double value, std::string_view unit) {
  print(name, value, unit, R"("limit":null,"holds":null)");
}

}  // namespace tidegauge::bench
