#include "app/state_keeper.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <system_error>

#include "app/state_file.h"

namespace tidegauge::app {
namespace {

using namespace std::chrono_literals;

constexpr auto log_gap = 1h;  // of a disk that stays full

std::string last_error() {
  return std::generic_category().message(errno);
}

}  // namespace

StateKeeper::StateKeeper(std::string directory, Logger& logger, ThreadGuard& guard)
    : directory_(std::move(directory)),
      logger_(logger),
      guard_(guard),
      writing_({.log_gap = log_gap}) {
  if (::access(directory_.c_str(), W_OK | X_OK) == 0) return;
  logger_.warn("the record of ends will not survive a restart",
               {{"container_monitor.state_directory", directory_},
                {"reason", last_error()},
                {"remedy", "make a directory that the daemon's user may write to"}});
}

StateKeeper::Restored StateKeeper::restore(const std::string& endpoint) {
  const auto path = path_of(endpoint);
  auto state = read_state_file(path, endpoint);
  if (!state) {
    set_aside(path, state.error().message);
    return nullptr;
  }
  if (!*state) return nullptr;
  auto restored = std::make_shared<const monitor::RestoredState>(**std::move(state));
  logger_.info("the record of an Engine is restored", {{"endpoint", endpoint},
                                                       {"ends", restored->ends.size()},
                                                       {"names", restored->lifecycles.size()}});
  restored_.with([&](auto& all) { all[endpoint] = restored; });
  return restored;
}

/// A file that is only unreadable would be written over as well.
void StateKeeper::set_aside(const std::string& path, const std::string& reason) const {
  const auto aside = path + ".damaged";
  const bool is_kept = std::rename(path.c_str(), aside.c_str()) == 0;
  logger_.warn("the record of an Engine begins anew: its file cannot be used",
               {{"file", path}, {"reason", reason}, {"kept_as", is_kept ? aside : last_error()}});
}

void StateKeeper::start(Snapshots snapshots, Milliseconds pause) {
  snapshots_ = std::move(snapshots);
  thread_ = std::jthread([this, pause](const std::stop_token& stop) {
    guard_.run("state", stop, [&] {
      for (wait_for(pause, stop); !stop.stop_requested(); wait_for(pause, stop)) save_changes();
    });
  });
}

void StateKeeper::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  guard_.run_once("state", [this] { save_changes(); });
}

void StateKeeper::save_changes() {
  for (const auto& engine : snapshots_()) {
    auto& kept = kept_of(engine->endpoint);
    take_over(kept, *engine);
    if (kept.is_saved) continue;
    const auto written = write(engine->endpoint, kept);
    kept.is_saved = written.has_value();
    if (written) {
      writing_.succeeded();
    } else if (writing_.failed(steady_now())) {
      logger_.warn("the record of an Engine cannot be saved",
                   {{"endpoint", engine->endpoint},
                    {"directory", directory_},
                    {"reason", written.error().message}});
    }
  }
}

StateKeeper::Kept& StateKeeper::kept_of(const std::string& endpoint) {
  const auto [kept, is_new] = kept_.try_emplace(endpoint);
  if (!is_new) return kept->second;
  const auto restored = restored_.with([&](const auto& all) {
    const auto found = all.find(endpoint);
    return found == all.end() ? Restored{} : found->second;
  });
  if (!restored) return kept->second;
  kept->second.ends = {restored, &restored->ends};
  kept->second.lifecycles = restored->lifecycles;
  kept->second.followed_until = restored->followed_until;
  return kept->second;
}

/// While an Engine is down, its snapshot has no counters: the last ones hold.
void StateKeeper::take_over(Kept& kept, const model::EngineSnapshot& engine) {
  if (engine.ends && engine.ends != kept.ends) {
    kept.ends = engine.ends;
    kept.is_saved = false;
  }
  if (engine.up && engine.followed_until) kept.followed_until = engine.followed_until;
  if (engine.up && engine.lifecycles != kept.lifecycles) {
    kept.lifecycles = engine.lifecycles;
    kept.is_saved = false;
  }
}

Result<void> StateKeeper::write(const std::string& endpoint, const Kept& kept) const {
  const monitor::RestoredState state{.ends = kept.ends ? *kept.ends : model::RunEnds{},
                                     .lifecycles = kept.lifecycles,
                                     .saved_at = wall_now(),
                                     .followed_until = kept.followed_until};
  return write_state_file(path_of(endpoint), endpoint, state);
}

std::string StateKeeper::path_of(const std::string& endpoint) const {
  return directory_ + '/' + state_file_name(endpoint);
}

}  // namespace tidegauge::app
