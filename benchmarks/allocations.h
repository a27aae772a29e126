#pragma once

// Counts what the whole program allocates by `new`, as long as it is linked in. Thread-safe.

#include <cstddef>

namespace tidegauge::bench {

/// Since the program's start.
[[nodiscard]] std::size_t allocations() noexcept;

}  // namespace tidegauge::bench
