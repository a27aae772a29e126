#pragma once

// The calls about the Engine as a whole: the list of its containers, its version and its info.
// EngineFollower decides when each is made; EngineCalls makes it and applies the answer to the
// EngineState.
//
// Used by the thread of EngineFollower::follow, or by that of ContainerMonitor::run_once;
// `engine_down` is called by the thread that watches the health as well. The context outlives it.

#include <cstddef>
#include <optional>
#include <stop_token>
#include <vector>

#include "monitor/engine_follower.h"
#include "monitor/optional_call.h"
#include "monitor/worker_context.h"
#include "tidegauge/model/container.h"
#include "tidegauge/util/retry.h"

namespace tidegauge::monitor {

class EngineCalls final : public FollowedEngine {
 public:
  explicit EngineCalls(const WorkerContext& context);

  std::optional<WallTime> follow_from() override;
  Inventory::Effect apply(const model::Event& event) override;
  Result<void> take_inventory(InspectScope scope, const std::stop_token& stop) override;
  void await_inspects(SteadyTime deadline, const std::stop_token& stop) override;
  Result<void> reconcile(const std::stop_token& stop) override;

  EngineState::Pace pace() override { return context_.state.pace(); }
  bool is_up() override { return context_.state.is_up(); }
  std::uint64_t outages() override { return context_.state.outages(); }
  void engine_up(std::uint64_t outages) override;
  void engine_down(const Error& reason) override;

 private:
  void log_event(const model::Event& event) const;
  void drop_unusable(std::vector<model::ContainerSummary>& list);
  void warn_of_unusable_id();
  Result<void> learn_engine(const std::stop_token& stop);
  template <class Value>
  Result<void> learn(OptionalCall& call,
                     Result<Value> (docker::ClientManager::*ask)(std::string_view,
                                                                 const std::stop_token&),
                     const std::stop_token& stop);

  const WorkerContext& context_;
  OptionalCall version_;
  OptionalCall info_;
  Retry unusable_ids_;  ///< limits the log
};

}  // namespace tidegauge::monitor
