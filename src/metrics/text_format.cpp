#include "metrics/text_format.h"

#include <cstddef>

#include "metrics/append_all.h"
#include "metrics/openmetrics.h"

namespace tidegauge::metrics {
namespace {

/// OpenMetrics escapes quotes in HELP, the Prometheus text format does not.
void append_help(std::string& out, std::string_view help, TextDialect dialect) {
  for (const char character : help) {
    if (character == '\n') {
      out += "\\n";
      continue;
    }
    if (character == '\\' || (character == '"' && dialect == TextDialect::openmetrics)) out += '\\';
    out += character;
  }
}

/// OpenMetrics wants bounds in one form only: "1.0", where Prometheus' text format has "1".
std::string bound_text(double bound, TextDialect dialect) {
  std::string text(NumberText(bound).view());
  const bool is_whole = text.find_first_of(".e") == std::string::npos;
  if (dialect == TextDialect::openmetrics && is_whole) text += ".0";
  return text;
}

}  // namespace

bool TextWriter::has(const Family& family) const {
  if (has_name(family.name)) return true;
  return dialect_ == TextDialect::openmetrics && has_name(openmetrics_head(family).name);
}

void TextWriter::begin(const Family& family) {
  family_ = &family;
  has_head_ = false;
}

void TextWriter::sample(const Series& series, Number value) {
  write_sample({}, series, {}, value);
}

void TextWriter::histogram(const Series& series, const model::DurationHistogram& histogram) {
  const auto counts = histogram.cumulative_counts();
  for (std::size_t i = 0; i < model::duration_bounds.size(); ++i) {
    write_sample("_bucket", series, bound_text(model::duration_bounds[i], dialect_), counts[i]);
  }
  write_sample("_bucket", series, "+Inf", histogram.count());
  write_sample("_sum", series, {}, histogram.sum_seconds());
  write_sample("_count", series, {}, histogram.count());
}

void TextWriter::finish() {
  if (dialect_ == TextDialect::openmetrics) out_ += "# EOF\n";
}

void TextWriter::write_head() {
  has_head_ = true;
  if (dialect_ == TextDialect::openmetrics) return write_openmetrics_head();
  out_.append("# HELP ").append(family_->name).append(" ");
  append_help(out_, family_->help, dialect_);
  out_.append("\n# TYPE ").append(family_->name).append(" ").append(to_string(family_->type));
  out_ += '\n';
}

void TextWriter::write_openmetrics_head() {
  const auto head = openmetrics_head(*family_);
  out_.append("# TYPE ").append(head.name).append(" ").append(head.type);
  if (!head.unit.empty()) {
    out_.append("\n# UNIT ").append(head.name).append(" ").append(head.unit);
  }
  out_.append("\n# HELP ").append(head.name).append(" ");
  append_help(out_, family_->help, dialect_);
  out_ += '\n';
}

void TextWriter::write_sample(std::string_view suffix, const Series& series, std::string_view bound,
                              Number value) {
  if (!has_head_) write_head();
  append_all(out_, {family_->name, suffix, "{", series.labels});
  for (const auto& label : series.more) {
    append_label(out_, label.name, label.value);
  }
  if (!bound.empty()) append_label(out_, "le", bound);
  const bool has_labels = out_.back() == ',';
  out_.pop_back();  // the comma, or the brace
  append_all(out_, {has_labels ? "} " : " ", NumberText(value).view(), "\n"});
}

}  // namespace tidegauge::metrics
