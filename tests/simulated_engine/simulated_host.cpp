#include "simulated_engine/simulated_host.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace tidegauge::test {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t mebibyte = 1'048'576;

/// The containers of a small shop, as Compose would have made them.
ContainerSpec shop_container(std::size_t index) {
  constexpr std::array roles{"web", "api", "db", "cache", "worker", "queue", "search", "mail"};
  const std::string role = roles[index % roles.size()];
  const auto number = std::to_string(index / roles.size() + 1);
  ContainerSpec spec{.name = role + "-" + number, .image = "example/" + role + ":1." + number};
  spec.labels = {{"com.docker.compose.container-number", number},
                 {"com.docker.compose.project", "shop"},
                 {"com.docker.compose.service", role},
                 {"org.opencontainers.image.title", "Example " + role}};
  spec.network_mode = "shop_default";
  if (index % 2 == 0) spec.restart_policy = "unless-stopped";
  if (index % 3 == 0) {
    spec.memory_bytes = 512 * mebibyte;
    spec.nano_cpus = 500'000'000;
    spec.pids_limit = 100;
  }
  return spec;
}

/// One of each condition, in a fixed place.
void put_into_condition(SimulatedContainer& container, std::size_t index, WallTime now) {
  const auto ended = [&](Status status, int code) {
    container.status = status;
    container.exit_code = code;
    container.finished_at = *container.started_at + 90s;
    container.pid = 0;
  };
  switch (index) {
    case 3:
      container.status = Status::paused;
      container.paused_at = now - 30s;
      break;
    case 4:
      ended(Status::exited, 3);
      break;
    case 5:
      ended(Status::exited, 137);
      container.oom_killed = true;
      break;
    case 6:
      ended(Status::created, 0);
      container.started_at.reset();
      container.finished_at.reset();
      break;
    case 7:
      container.spec.health = HealthStatus::healthy;
      break;
    case 8:
      container.spec.health = HealthStatus::unhealthy;
      container.failing_streak = 5;
      break;
    case 9:
      ended(Status::restarting, 1);
      container.spec.restart_policy = "always";
      container.restart_count = 8;
      break;
    default:
      break;
  }
}

}  // namespace

WallClock steady_wall_clock() {
  return [wall = wall_now(), steady = steady_now()] { return wall + (steady_now() - steady); };
}

SimulatedHost::SimulatedHost(WallClock clock, std::size_t containers, std::uint64_t seed)
    : clock_(std::move(clock)), booted_at_(clock_() - 72h), random_(seed) {
  const auto now = clock_();
  for (std::size_t index = 0; index < containers; ++index) {
    auto container = make(shop_container(index), now - 48h + 1s * index);
    container.started_at = now - 1h - 37s * (index % 100);
    container.status = Status::running;
    container.pid = ++last_pid_;
    if (containers >= 10) put_into_condition(container, index, now);
    containers_.push_back(std::move(container));
  }
}

Outcome SimulatedHost::add(ContainerSpec spec) {
  const std::lock_guard lock(mutex_);
  if (std::ranges::any_of(containers_, [&](const auto& c) { return c.spec.name == spec.name; })) {
    return Outcome::name_in_use;
  }
  emit(containers_.emplace_back(make(std::move(spec), clock_())), "create");
  return Outcome::done;
}

Outcome SimulatedHost::remove(std::string_view container) {
  return act(container, [this](SimulatedContainer& found) {
    if (has_processes(found)) stop_process(found, 9);
    emit(found, "destroy");
    std::erase_if(containers_, [&](const auto& other) { return &other == &found; });
    return Outcome::done;
  });
}

Outcome SimulatedHost::start(std::string_view container) {
  return act(container, [this](SimulatedContainer& found) {
    if (has_processes(found)) return Outcome::wrong_state;
    // The Engine counts what its restart policy did; a start by hand begins anew.
    found.restart_count = found.status == Status::restarting ? found.restart_count + 1 : 0;
    run(found);
    return Outcome::done;
  });
}

Outcome SimulatedHost::stop(std::string_view container) {
  return act(container, [this](SimulatedContainer& found) {
    if (found.status != Status::running) return Outcome::wrong_state;
    stop_process(found, 15);
    emit(found, "stop");
    return Outcome::done;
  });
}

Outcome SimulatedHost::restart(std::string_view container) {
  return act(container, [this](SimulatedContainer& found) {
    if (found.status == Status::running) {
      stop_process(found, 15);
      emit(found, "stop");
    }
    found.restart_count = 0;
    run(found);
    emit(found, "restart");
    return Outcome::done;
  });
}

Outcome SimulatedHost::kill(std::string_view container, int signal) {
  return act(container, [this, signal](SimulatedContainer& found) {
    if (!has_processes(found)) return Outcome::wrong_state;
    stop_process(found, signal);
    return Outcome::done;
  });
}

Outcome SimulatedHost::exit(std::string_view container, int code) {
  return act(container, [this, code](SimulatedContainer& found) {
    if (found.status != Status::running) return Outcome::wrong_state;
    end(found, code);
    if (found.spec.restart_policy != "no") found.status = Status::restarting;
    return Outcome::done;
  });
}

Outcome SimulatedHost::oom(std::string_view container) {
  return act(container, [this](SimulatedContainer& found) {
    if (found.status != Status::running) return Outcome::wrong_state;
    ++happenings_[found.spec.name].ooms;
    emit(found, "oom");
    end(found, 137);
    found.oom_killed = true;
    if (found.spec.restart_policy != "no") found.status = Status::restarting;
    return Outcome::done;
  });
}

Outcome SimulatedHost::pause(std::string_view container) {
  return act(container, [this](SimulatedContainer& found) {
    if (found.status != Status::running) return Outcome::wrong_state;
    found.status = Status::paused;
    found.paused_at = clock_();
    emit(found, "pause");
    return Outcome::done;
  });
}

Outcome SimulatedHost::unpause(std::string_view container) {
  return act(container, [this](SimulatedContainer& found) {
    if (found.status != Status::paused) return Outcome::wrong_state;
    found.status = Status::running;
    found.paused_for += clock_() - *found.paused_at;
    found.paused_at.reset();
    emit(found, "unpause");
    return Outcome::done;
  });
}

Outcome SimulatedHost::rename(std::string_view container, std::string new_name) {
  return act(container, [this, &new_name](SimulatedContainer& found) {
    if (std::ranges::any_of(containers_, [&](const auto& c) { return c.spec.name == new_name; })) {
      return Outcome::name_in_use;
    }
    const auto old_name = std::exchange(found.spec.name, std::move(new_name));
    happenings_[found.spec.name] = std::exchange(happenings_[old_name], {});
    emit(found, "rename", {{"oldName", "/" + old_name}});
    return Outcome::done;
  });
}

Outcome SimulatedHost::attach(std::string_view container, const std::string& network) {
  return act(container, [&](SimulatedContainer& found) {
    found.further_networks.push_back(network);
    emit_network(found, "connect", network);
    return Outcome::done;
  });
}

Outcome SimulatedHost::set_health(std::string_view container, HealthStatus health) {
  return act(container, [this, health](SimulatedContainer& found) {
    if (!has_processes(found)) return Outcome::wrong_state;
    found.spec.health = health;
    found.failing_streak = health == HealthStatus::unhealthy ? 3 : 0;
    auto& counts = happenings_[found.spec.name];
    if (health == HealthStatus::healthy) ++counts.became_healthy;
    if (health == HealthStatus::unhealthy) ++counts.became_unhealthy;
    if (health == HealthStatus::healthy || health == HealthStatus::unhealthy) {
      emit(found, "health_status: " + std::string(to_string(health)));
    }
    return Outcome::done;
  });
}

std::optional<SimulatedContainer> SimulatedHost::container(std::string_view reference) const {
  const std::lock_guard lock(mutex_);
  const auto* found = find(reference);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

std::vector<SimulatedContainer> SimulatedHost::containers() const {
  const std::lock_guard lock(mutex_);
  return {containers_.rbegin(), containers_.rend()};
}

std::optional<SimulatedContainer> SimulatedHost::pick(std::uint64_t number) const {
  const std::lock_guard lock(mutex_);
  if (containers_.empty()) return std::nullopt;
  return containers_[containers_.size() - 1 - number % containers_.size()];
}

std::map<std::string, Happenings> SimulatedHost::happenings() const {
  const std::lock_guard lock(mutex_);
  return happenings_;
}

template <class Action>
Outcome SimulatedHost::act(std::string_view container, Action action) {
  const std::lock_guard lock(mutex_);
  const auto* found = find(container);
  if (found == nullptr) return Outcome::no_such_container;
  return action(containers_[static_cast<std::size_t>(found - containers_.data())]);
}

SimulatedContainer SimulatedHost::make(ContainerSpec spec, WallTime created_at) {
  SimulatedContainer container;
  container.id = random_id();
  container.created_at = created_at;
  const auto room = static_cast<double>(spec.memory_bytes > 0 ? spec.memory_bytes : memory_bytes);
  const auto share = [&](double low, double high) {
    return static_cast<std::uint64_t>(std::min(room / 4, random_between(low, high))) / 4096 * 4096;
  };
  container.load = {.cpu_cores = random_between(0.005, 0.4),
                    .rss_bytes = share(4e6, 400e6),
                    .cache_bytes = share(1e6, 100e6),
                    .receive_bytes_per_second = random_between(100, 50'000),
                    .transmit_bytes_per_second = random_between(100, 80'000),
                    .read_bytes_per_second = random_between(0, 20'000),
                    .write_bytes_per_second = random_between(0, 60'000),
                    .processes = static_cast<std::uint64_t>(random_between(1, 40))};
  container.spec = std::move(spec);
  return container;
}

void SimulatedHost::run(SimulatedContainer& container) {
  if (container.finished_at) ++happenings_[container.spec.name].restarts;
  container.status = Status::running;
  container.started_at = clock_();
  container.paused_at.reset();
  container.paused_for = {};
  container.pid = ++last_pid_;
  container.exit_code = 0;
  container.oom_killed = false;
  container.failing_streak = 0;
  if (container.spec.health != HealthStatus::none) container.spec.health = HealthStatus::starting;
  emit_network(container, "connect", network_of(container.spec));
  emit(container, "start");
}

void SimulatedHost::end(SimulatedContainer& container, int exit_code) {
  container.status = Status::exited;
  container.exit_code = exit_code;
  container.finished_at = clock_();
  container.pid = 0;
  ++happenings_[container.spec.name].exits[exit_code];
  if (container.spec.health != HealthStatus::none) container.spec.health = HealthStatus::unhealthy;
  emit(container, "die", {{"exitCode", std::to_string(exit_code)}});
  emit_network(container, "disconnect", network_of(container.spec));
}

/// By hand, so that no restart policy brings it back.
void SimulatedHost::stop_process(SimulatedContainer& container, int signal) {
  emit(container, "kill", {{"signal", std::to_string(signal)}});
  end(container, 128 + signal);
}

void SimulatedHost::emit(const SimulatedContainer& container, std::string action,
                         Attributes extra) {
  auto attributes = container.spec.labels;
  attributes.insert(attributes.end(), extra.begin(), extra.end());
  attributes.emplace_back("image", container.spec.image);
  attributes.emplace_back("name", container.spec.name);
  std::ranges::sort(attributes);
  events_.append({.type = "container",
                  .action = std::move(action),
                  .id = container.id,
                  .image = container.spec.image,
                  .attributes = std::move(attributes)},
                 clock_());
}

void SimulatedHost::emit_network(const SimulatedContainer& container, std::string action,
                                 const std::string& network) {
  events_.append(
      {.type = "network",
       .action = std::move(action),
       .id = "7ebbec5d48a02d75d8c7461641ae1ebce8f16432b4261fe6d0a8d30a339aa62c",
       .image = {},
       .attributes = {{"container", container.id}, {"name", network}, {"type", "bridge"}}},
      clock_());
}

const SimulatedContainer* SimulatedHost::find(std::string_view reference) const {
  const auto find_if = [this](auto matches) {
    const auto found = std::ranges::find_if(containers_, matches);
    return found == containers_.end() ? nullptr : &*found;
  };
  if (reference.empty()) return nullptr;
  const auto* named = find_if([&](const auto& c) { return c.spec.name == reference; });
  if (named != nullptr) return named;
  return find_if([&](const auto& c) { return c.id.starts_with(reference); });
}

std::string SimulatedHost::random_id() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string id(64, '0');
  for (auto& digit : id) digit = digits[random_() % digits.size()];
  return id;
}

double SimulatedHost::random_between(double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random_);
}

}  // namespace tidegauge::test
