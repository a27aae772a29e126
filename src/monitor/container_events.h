#pragma once

// Reads what the Engine's events and lists say about a container. Pure, hence thread-safe.

#include <optional>
#include <string>
#include <string_view>

#include "tidegauge/model/container.h"
#include "tidegauge/model/event.h"

namespace tidegauge::monitor {

/// The attribute `key` of an event; empty where it has none.
[[nodiscard]] std::string attribute(const model::Event& event, std::string_view key);

/// The id of the container that an event is about, an event of a network as well.
[[nodiscard]] std::string container_id(const model::Event& event);

/// The action without its detail: "health_status" of "health_status: healthy".
[[nodiscard]] std::string_view action_name(const model::Event& event);
/// "healthy" of "health_status: healthy"; empty where there is no detail.
[[nodiscard]] std::string_view action_detail(const model::Event& event);

/// The exit code that a "die" event tells; nothing where it tells none.
[[nodiscard]] std::optional<int> exit_code(const model::Event& event);

/// The signal of a "kill" event, as "9" or "SIGKILL"; nothing where it tells none.
[[nodiscard]] std::optional<int> signal_of(const model::Event& event);

/// The name that the container had before the event; empty where Podman does not say.
[[nodiscard]] std::string name_before(const model::Event& event);

/// A container as far as one event, or one row of a list, describes it. The attributes of an event
/// hold the container's labels, and some keys of the Engine's own.
[[nodiscard]] model::Container described_by(const model::Event& event);
[[nodiscard]] model::Container described_by(const model::ContainerSummary& summary);

}  // namespace tidegauge::monitor
