#pragma once

// The resource use of a container or of the machine as JSON, for engines_json and container_json.
// Pure functions.

#include <array>
#include <string_view>

#include "tidegauge/json/writer.h"
#include "tidegauge/model/container_stats.h"
#include "tidegauge/status/history.h"

namespace tidegauge::status {

/// The members of measures, by Measure.
inline constexpr std::array<std::string_view, measures.size()> measure_members{
    "cpu_cores",
    "memory_working_set_bytes",
    "network_receive_bytes_per_second",
    "network_transmit_bytes_per_second",
    "disk_read_bytes_per_second",
    "disk_write_bytes_per_second"};

/// An object: a sample, and what was measured between it and the one before. `history` may be null.
void write_use(json::Writer& writer, const model::ContainerStats& stats,
               const ContainerHistory* history);

/// An object with a list for each measure, with null for what is not known.
void write_plots(json::Writer& writer, const ContainerHistory& history);

}  // namespace tidegauge::status
