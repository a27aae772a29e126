#include "app/service_notifier.h"

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "tidegauge/util/utf8.h"

namespace tidegauge::app {
namespace {

using namespace std::chrono_literals;

constexpr auto status_gap = 1s;  // between two, at least
constexpr std::size_t longest_reason = 200;

std::string counted(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

bool is_running(const model::ContainerRecord& record) {
  return record.container->state == model::ContainerState::running;
}

}  // namespace

std::string status_of(const model::Snapshot& engines) {
  std::size_t containers = 0;
  std::ptrdiff_t running = 0;
  std::string down;
  for (const auto& engine : engines) {
    containers += engine->containers.size();
    running += std::ranges::count_if(engine->containers, is_running);
    if (engine->up) continue;
    down += (down.empty() ? "; down: " : ", ") + engine->endpoint + " (" +
            one_line(engine->down_reason, longest_reason) + ")";
  }
  return counted(containers, "container") + " of " + counted(engines.size(), "Engine") + ", " +
         std::to_string(running) + " of them running" + down;
}

void ServiceNotifier::published(const model::Snapshot& engines, SteadyTime now) {
  if (!socket_.is_open()) return;
  auto status = status_of(engines);
  const bool all_known = std::ranges::all_of(
      engines, [](const auto& engine) { return engine->published_at.has_value(); });
  log_failure([&]() -> Result<void> {
    const MutexLock lock(mutex_);
    engines_ = std::move(status);
    if (phase_ == Phase::starting && all_known) {
      phase_ = Phase::running;
      ready_owed_ = true;
    }
    return tell_news(now);
  }());
}

void ServiceNotifier::all_loops_turn() {
  if (socket_.is_open()) log_failure(socket_.send("WATCHDOG=1"));
}

/// While the daemon starts there is no reload that anybody waits for.
void ServiceNotifier::reloading() {
  if (!socket_.is_open()) return;
  const std::chrono::microseconds now =
      std::chrono::floor<std::chrono::microseconds>(steady_now().time_since_epoch());
  log_failure([&]() -> Result<void> {
    const MutexLock lock(mutex_);
    if (phase_ != Phase::running) return {};
    phase_ = Phase::reloading;
    return socket_.send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.count()));
  }());
}

void ServiceNotifier::reloaded(const Result<void>& outcome, SteadyTime now) {
  if (!socket_.is_open()) return;
  log_failure([&]() -> Result<void> {
    const MutexLock lock(mutex_);
    refusal_ = outcome ? "" : one_line(outcome.error().message, longest_reason);
    if (phase_ != Phase::reloading) return {};
    phase_ = Phase::running;
    ready_owed_ = true;
    return tell_news(now);
  }());
}

void ServiceNotifier::stopping() {
  if (!socket_.is_open()) return;
  log_failure([&]() -> Result<void> {
    const MutexLock lock(mutex_);
    phase_ = Phase::stopping;
    return socket_.send("STOPPING=1");
  }());
}

/// What the service manager does not take stays to be told.
Result<void> ServiceNotifier::tell_news(SteadyTime now) {
  if (phase_ == Phase::reloading || phase_ == Phase::stopping) return {};
  const auto status =
      engines_ + (refusal_.empty() ? "" : "; the new configuration is refused: " + refusal_);
  const bool status_due =
      status != status_ && (told_at_ == SteadyTime::min() || now >= told_at_ + status_gap);
  if (!ready_owed_ && !status_due) return {};
  auto told = socket_.send((ready_owed_ ? "READY=1\nSTATUS=" : "STATUS=") + status);
  if (!told) return told;
  ready_owed_ = false;
  status_ = status;
  told_at_ = now;
  return {};
}

void ServiceNotifier::log_failure(const Result<void>& told) {
  if (told) return;
  logger_.warn("the service manager is not told how the daemon is",
               {{"reason", told.error().message}});
}

}  // namespace tidegauge::app
