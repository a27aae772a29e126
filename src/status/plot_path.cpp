#include "status/plot_path.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace tidegauge::status {
namespace {

class PathWriter {
 public:
  void add(int x, std::optional<int> y) {
    if (!y) {
      end_level();
      last_.reset();
      return;
    }
    if (!last_) {
      is_point_ = true;
      path_.append("M").append(std::to_string(x)).append(" ").append(std::to_string(*y));
    } else if (*y == *last_) {
      ++level_;
    } else {
      is_point_ = false;
      end_level();
      const auto step = *y - *last_;
      path_.append(step < 0 ? "l1" : "l1 ").append(std::to_string(step));
    }
    last_ = y;
  }

  std::string finish() {
    end_level();
    return std::move(path_);
  }

 private:
  void end_level() {
    if (level_ > 0 || is_point_) path_.append("h").append(std::to_string(level_));
    level_ = 0;
    is_point_ = false;
  }

  std::string path_;
  std::optional<int> last_;
  int level_ = 0;          ///< steps without a change that are not written yet
  bool is_point_ = false;  ///< a line has begun, which shows with a length, even of 0
};

}  // namespace

std::string plot_path(std::span<const float> values, double top, int height) {
  PathWriter writer;
  int x = 0;
  for (const float value : values) {
    std::optional<int> y;
    if (std::isfinite(value)) {
      const auto share = top > 0 ? std::clamp(static_cast<double>(value) / top, 0.0, 1.0) : 0.0;
      y = height - static_cast<int>(std::lround(share * height));
    }
    writer.add(x++, y);
  }
  return writer.finish();
}

double greatest(std::span<const float> values) {
  float most = 0;
  for (const float value : values) {
    if (std::isfinite(value)) most = std::max(most, value);
  }
  return static_cast<double>(most);
}

std::vector<float> half_as_many(std::span<const float> values) {
  std::vector<float> halves;
  halves.reserve(values.size() / 2);
  for (auto i = values.size() % 2; i + 1 < values.size(); i += 2) {
    const auto first = values[i];
    const auto second = values[i + 1];
    if (std::isfinite(first) && std::isfinite(second)) {
      halves.push_back((first + second) / 2);
    } else {
      halves.push_back(std::isfinite(first) ? first : second);
    }
  }
  return halves;
}

}  // namespace tidegauge::status
