#include "simulated_engine/life.h"

#include <array>

namespace tidegauge::test {

void Life::step() {
  const auto picked = host_.pick(random_());
  if (!picked) return;
  const auto& container = *picked;
  switch (container.status) {
    case Status::running:
      happen_to_running(container);
      break;
    case Status::exited:
      happen_to_exited(container);
      break;
    case Status::paused:
      host_.unpause(container.id);
      break;
    case Status::created:
    case Status::restarting:
      host_.start(container.id);
      break;
  }
}

void Life::happen_to_running(const SimulatedContainer& container) {
  constexpr std::array exit_codes{0, 1, 2, 3, 127, 137, 139, 143};
  const auto health = container.spec.health;
  if (health != HealthStatus::none && chance(60)) {
    host_.set_health(container.id, health == HealthStatus::healthy ? HealthStatus::unhealthy
                                                                   : HealthStatus::healthy);
  } else if (chance(40)) {
    host_.exit(container.id, exit_codes[random_() % exit_codes.size()]);
  } else if (chance(30)) {
    host_.oom(container.id);
  } else if (chance(40)) {
    host_.stop(container.id);
  } else if (chance(50)) {
    host_.restart(container.id);
  } else {
    host_.pause(container.id);
  }
}

void Life::happen_to_exited(const SimulatedContainer& container) {
  if (chance(70)) {
    host_.start(container.id);
    return;
  }
  // Replaced by a new one of the same name, as Compose does.
  host_.remove(container.id);
  host_.add(container.spec);
  host_.start(container.spec.name);
}

}  // namespace tidegauge::test
