#include "app/reload.h"

#include <exception>
#include <string>
#include <vector>

#include "app/descriptor_plan.h"
#include "tidegauge/config/changes.h"

namespace tidegauge::app {
namespace {

std::string on_one_line(const std::vector<config::Mistake>& mistakes) {
  std::string line;
  for (const auto& [where, what] : mistakes) {
    if (!line.empty()) line += "; ";
    line.append(where).append(": ").append(what);
  }
  return line;
}

/// "path.procfs needs a restart; path.sysfs needs a restart"; empty where nothing does.
std::string needing_restart(const std::vector<config::Change>& changes) {
  std::string reasons;
  for (const auto& change : changes) {
    if (change.applied_by != config::AppliedBy::restart) continue;
    if (!reasons.empty()) reasons += "; ";
    reasons.append(change.option).append(" needs a restart");
  }
  return reasons;
}

std::string names_of(const std::vector<config::Change>& changes) {
  std::string names;
  for (const auto& change : changes) names.append(names.empty() ? "" : ", ").append(change.option);
  return names;
}

}  // namespace

Result<void> Reloader::reload() {
  auto outcome = load_and_apply();
  if (!outcome) {
    logger_.error("the configuration is not reloaded: the one before stays in effect",
                  {{"reason", outcome.error().message}});
  }
  daemon_.record_reload(outcome.has_value() ? metrics::ReloadOutcome::succeeded
                                            : metrics::ReloadOutcome::failed);
  return outcome;
}

Result<void> Reloader::load_and_apply() {
  const auto loaded = config::load(sources_());
  if (!loaded) return fail(Errc::invalid_config, on_one_line(loaded.error()));
  const auto before = daemon_.config();
  const auto changes = config::changes(*before, loaded->config);
  if (auto reasons = needing_restart(changes); !reasons.empty()) {
    return fail(Errc::invalid_config, std::move(reasons));
  }
  // The web server keeps as many clients as it has.
  auto planned = loaded->config;
  planned.web.max_connections = daemon_.descriptors().clients;
  const auto plan = plan_descriptors(planned, descriptors_);
  if (!plan) return fail(plan.error());
  if (plan->clients < daemon_.descriptors().clients) {
    return fail(Errc::system,
                "too few descriptors for these pools and the clients of the web server: raise the "
                "limit (ulimit -n, LimitNOFILE= of systemd)");
  }
  if (auto applied = daemon_.apply(loaded->config, *plan); !applied) return applied;
  for (const auto& warning : loaded->warnings) logger_.warn(warning);
  if (changes.empty()) {
    logger_.info("the configuration is reloaded and has not changed");
  } else {
    logger_.info("the configuration is reloaded", {{"changed", names_of(changes)}});
  }
  return {};
}

}  // namespace tidegauge::app
