#pragma once

// The line of a plot as the path of an SVG: short, as a page has hundreds. A pure function.

#include <span>
#include <string>
#include <vector>

namespace tidegauge::status {

/// Points one unit apart; `top` is at y = 0, and 0 at y = `height`, whole units. Where a value is
/// not known (NaN), the line has a gap. Steps are relative, and a level stretch is one of them:
/// "M0 16h44" for a plot that stays at 0.
[[nodiscard]] std::string plot_path(std::span<const float> values, double top, int height);

/// The greatest value; 0 where none is known.
[[nodiscard]] double greatest(std::span<const float> values);

/// The means of pairs, for a plot of half the width; of an odd number the oldest is left out.
[[nodiscard]] std::vector<float> half_as_many(std::span<const float> values);

}  // namespace tidegauge::status
