// GET /containers/{id}/stats

#include "docker/replies.h"
#include "fuzz/describe_stats.h"

using namespace tidegauge;

namespace {

void describe(const model::ContainerStats& stats, fuzz::Facts& facts) {
  const bool measured =
      stats.cpu || stats.memory || stats.pids || !stats.networks.empty() || !stats.block_io.empty();
  if (measured && !stats.has_processes) fuzz::finding("something is measured of no processes");
  if (!stats.has_processes) return;
  facts.time("read", stats.read_at);
  if (stats.cpu) fuzz::describe(*stats.cpu, facts);
  if (stats.memory) fuzz::describe(*stats.memory, facts);
  for (const auto& network : stats.networks) fuzz::describe(network, facts);
  for (const auto& device : stats.block_io) fuzz::describe(device, facts);
  facts.number("pids", stats.pids);
  facts.number("pids limit", stats.pids_limit);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;  // Podman's way to say nothing
  fuzz::check_json(fuzz::text_of(data, size), docker::parse_container_stats,
                   [](const auto& value, fuzz::Facts& facts) { describe(value, facts); });
  return 0;
}
