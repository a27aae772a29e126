#include "status/api_example.h"

#include <chrono>
#include <memory>

#include "metrics/example_input.h"
#include "support/catch.h"

namespace tidegauge::test {
namespace {

using namespace std::chrono_literals;

/// Ten seconds before, when its counters began.
model::ContainerStats before(model::ContainerStats stats) {
  stats.read_at -= 10s;
  stats.cpu->usage_seconds = 0;
  if (auto& throttling = stats.cpu->throttling)
    throttling->periods = throttling->throttled_periods = 0;
  for (auto& network : stats.networks) network.receive_bytes = network.transmit_bytes = 0;
  for (auto& device : stats.block_io) device.read_bytes = device.write_bytes = 0;
  stats.pressure = model::PressureStats{.cpu = {0, 0}, .memory = {0, 0}, .io = {0, 0}};
  return stats;
}

model::Container talkative(model::Container web) {
  web.labels = {{"com.docker.compose.project", "shop"},
                {"com.docker.compose.service", "front"},
                {"listed", "1"},
                {"unlisted", "secret"}};
  web.attached_networks = {{"shop_default", "172.28.5.3", "fd00::3"}};
  web.start_error = "no such file";
  web.finished_at = web.started_at;
  return web;
}

std::shared_ptr<model::EngineSnapshot> earlier_than(const model::EngineSnapshot& engine) {
  auto earlier = std::make_shared<model::EngineSnapshot>(engine);
  earlier->taken_at -= 10s;
  *earlier->published_at -= 10s;
  auto host = *engine.host;
  host.use = before(host.use);
  earlier->host = std::make_shared<const model::HostStats>(host);
  auto& web = earlier->containers.back();
  web.stats = std::make_shared<const model::ContainerStats>(before(*web.stats));
  auto container = *web.container;
  container.health = model::Health::starting;
  web.container = std::make_shared<const model::Container>(container);
  return earlier;
}

}  // namespace

ApiExample::ApiExample() : pools_(example_input().pools) {
  auto engine = std::make_shared<model::EngineSnapshot>(*example_input().engines.front());
  auto host = *engine->host;
  host.stuck_filesystems = {"/dev/sdc at /data"};
  engine->host = std::make_shared<const model::HostStats>(host);
  auto& web = engine->containers.back();
  web.container = std::make_shared<const model::Container>(talkative(*web.container));
  model::RunEnd end{.number = 7,
                    .name = "web",
                    .id = web.container->id,
                    .ended_at = engine->taken_at - 1h,
                    .cause = model::EndCause::oom};
  engine->ends = std::make_shared<const model::RunEnds>(
      model::RunEnds{std::make_shared<const model::RunEnd>(std::move(end))});

  auto other = std::make_shared<model::EngineSnapshot>();
  other->endpoint = "other";
  other->down_reason = "nobody listens";

  history_.record({earlier_than(*engine), other});
  engines_ = {std::move(engine), std::move(other)};
  history_.record(engines_);
}

json::Document parsed(const std::string& text) {
  return value_of(json::Document::parse_object(text));
}

}  // namespace tidegauge::test
