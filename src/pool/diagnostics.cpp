#include "pool/diagnostics.h"

#include <algorithm>
#include <utility>

namespace tidegauge::pool {

using model::AcquireFailure;

namespace {

/// The texts are appended piece by piece, as there are many refusals under overload.
void append_seconds(std::string& text, std::chrono::nanoseconds duration) {
  using Tenths = std::chrono::duration<std::int64_t, std::deci>;
  const auto tenths = std::chrono::round<Tenths>(duration).count();
  text.append(std::to_string(tenths / 10)).append(1, '.');
  text.append(std::to_string(tenths % 10)).append(" s");
}

void append_holder(std::string& text, const Holder& holder, SteadyTime now) {
  std::string_view file = holder.place.file_name();
  if (const auto source = file.rfind("/src/"); source != std::string_view::npos) {
    file.remove_prefix(source + 1);
  }
  text.append(model::to_string(holder.call_class));
  if (const auto key = holder.key_text(); !key.empty()) {
    text.append(" of ").append(key.substr(0, 12));
  }
  text.append(" by thread ").append(std::to_string(holder.thread)).append(" for ");
  append_seconds(text, now - holder.since);
  text.append(" at ").append(file).append(1, ':').append(std::to_string(holder.place.line()));
}

Errc code_of(AcquireFailure reason) {
  switch (reason) {
    case AcquireFailure::timeout:
      return Errc::pool_timeout;
    case AcquireFailure::queue_full:
      return Errc::queue_full;
    case AcquireFailure::down:
      return Errc::engine_down;
    case AcquireFailure::misconfigured:
      return Errc::misconfigured;
    case AcquireFailure::quarantined:
      return Errc::quarantined;
    case AcquireFailure::cancelled:
      return Errc::cancelled;
    case AcquireFailure::closed:
      return Errc::closed;
  }
  return Errc::closed;
}

Error describe_outage(AcquireFailure reason, const PoolSummary& summary) {
  const std::string engine = "engine " + std::string(summary.endpoint);
  // The outage has ended since the waiter was refused.
  if (!summary.cause) return {Errc::engine_down, engine + " was down until just now"};
  const auto now = steady_now();
  const auto wait = std::max(summary.next_probe - now, SteadyTime::duration{});
  const auto code =
      reason == AcquireFailure::misconfigured ? summary.cause->code : Errc::engine_down;
  return {code, engine + " down for " + seconds_text(now - summary.cause_since) +
                    ", next probe in " + seconds_text(wait) + ": " + summary.cause->message};
}

/// "; held longest: " and who.
void append_oldest(std::string& text, const PoolSummary& summary) {
  const auto now = steady_now();
  for (std::size_t i = 0; i < summary.oldest_count; ++i) {
    text.append(i == 0 ? "; held longest: " : "; ");
    append_holder(text, summary.oldest[i], now);
  }
}

}  // namespace

Error describe_refusal(AcquireFailure reason, model::CallClass call_class,
                       SteadyTime::duration waited, const PoolSummary& summary) {
  const auto pool = summary.endpoint;
  if (reason == AcquireFailure::closed) {
    return {Errc::closed, "pool " + std::string(pool) + " is closed"};
  }
  if (reason == AcquireFailure::down || reason == AcquireFailure::misconfigured) {
    return describe_outage(reason, summary);
  }
  if (reason == AcquireFailure::queue_full && call_class == model::CallClass::stream) {
    return {Errc::queue_full, "all " + std::to_string(summary.stream_slots) + " streams of " +
                                  std::string(pool) + " are in use: raise pool.max_streams"};
  }
  std::string text;
  text.reserve(512);
  if (reason == AcquireFailure::queue_full) {
    text.append("too many callers wait for a connection to ").append(pool);
  } else if (reason == AcquireFailure::cancelled) {
    text.append("cancelled while waiting for a connection to ").append(pool);
  } else {
    text.append("no connection to ").append(pool).append(" became free in ");
    append_seconds(text, waited);
  }
  text.append(" (").append(std::to_string(summary.leased)).append(" of ");
  text.append(std::to_string(summary.slots)).append(" lent, ");
  text.append(std::to_string(summary.waiting)).append(" waiting)");
  append_oldest(text, summary);
  return {code_of(reason), std::move(text)};
}

std::string describe_holder(const Holder& holder, SteadyTime now) {
  std::string text;
  append_holder(text, holder, now);
  return text;
}

std::string seconds_text(std::chrono::nanoseconds duration) {
  std::string text;
  append_seconds(text, duration);
  return text;
}

}  // namespace tidegauge::pool
