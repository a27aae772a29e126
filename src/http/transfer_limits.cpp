#include "http/transfer_limits.h"

#include <algorithm>

namespace tidegauge::http {
namespace {

std::string duration_text(Milliseconds limit) {
  return limit.count() % 1000 == 0 ? std::to_string(limit.count() / 1000) + " s"
                                   : std::to_string(limit.count()) + " ms";
}

bool is_over(Milliseconds limit, SteadyTime since, SteadyTime now) {
  return limit.count() > 0 && now - since >= limit;
}

}  // namespace

SteadyTime next_limit(const Limits& limits, const Progress& progress) {
  auto next = SteadyTime::max();
  const auto consider = [&next](Milliseconds limit, SteadyTime since) {
    if (limit.count() > 0) next = std::min(next, since + limit);
  };
  consider(limits.total, progress.started);
  if (!progress.sent_at) {
    consider(limits.connect, progress.started);
  } else if (!progress.first_byte_at) {
    consider(limits.first_byte, *progress.sent_at);
  } else if (!progress.paused) {
    consider(limits.stall, progress.last_byte_at);
  }
  return next;
}

std::optional<Error> exceeded_limit(const Limits& limits, const Progress& progress,
                                    SteadyTime now) {
  if (!progress.sent_at && is_over(limits.connect, progress.started, now)) {
    return Error{Errc::connect_timeout, "no connection within " + duration_text(limits.connect)};
  }
  if (is_over(limits.total, progress.started, now)) {
    return Error{Errc::timeout, "no complete answer within " + duration_text(limits.total)};
  }
  if (progress.sent_at && !progress.first_byte_at &&
      is_over(limits.first_byte, *progress.sent_at, now)) {
    return Error{Errc::first_byte_timeout, "no answer within " + duration_text(limits.first_byte)};
  }
  if (progress.first_byte_at && !progress.paused &&
      is_over(limits.stall, progress.last_byte_at, now)) {
    return Error{Errc::stalled, "the answer stopped coming for " + duration_text(limits.stall)};
  }
  return std::nullopt;
}

std::string size_text(std::size_t bytes) {
  constexpr std::size_t kib = 1024;
  if (bytes % (kib * kib) == 0) return std::to_string(bytes / kib / kib) + " MiB";
  return bytes % kib == 0 ? std::to_string(bytes / kib) + " KiB" : std::to_string(bytes) + " bytes";
}

}  // namespace tidegauge::http
