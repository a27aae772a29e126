#include "tidegauge/status/history.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>
#include <utility>

#include "status/sum.h"

namespace tidegauge::status {
namespace {

constexpr float not_known = std::numeric_limits<float>::quiet_NaN();
constexpr std::size_t most_health_changes = 10;

/// A clock before the year 1970 knows no time yet.
std::int64_t step_of(WallTime time) {
  const auto step = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch() / step_length;
  return std::max<std::int64_t>(step, 0);
}

WallTime end_of(std::int64_t step) {
  return WallTime{(step + 1) * std::chrono::seconds{step_length}};
}

// --- one sample ---------------------------------------------------------------------------------

/// The counters of a sample that rates are made of. For gauges the value itself.
struct Reading {
  WallTime at{};                                              ///< by a clock that somebody may set
  SteadyTime seen_at{};                                       ///< later, with the snapshot
  std::array<std::optional<double>, measures.size()> values;  ///< by Measure
  std::optional<double> periods, throttled_periods;
  std::optional<double> cpu_waiting, memory_waiting, io_waiting;  ///< seconds
};

Reading read(const model::ContainerStats& stats) {
  Reading reading{.at = stats.read_at};
  const auto set = [&](Measure measure, std::optional<double> value) {
    reading.values[static_cast<std::size_t>(measure)] = value;
  };
  const auto set_sum = [&](Measure measure, const auto& devices, auto count) {
    if (const auto sum = sum_of(devices, count)) set(measure, static_cast<double>(*sum));
  };
  if (stats.cpu) set(Measure::cpu, stats.cpu->usage_seconds);
  if (stats.memory) {
    const auto& memory = *stats.memory;
    set(Measure::memory, static_cast<double>(model::memory_in_use(memory)));
  }
  set_sum(Measure::network_receive, stats.networks, &model::NetworkStats::receive_bytes);
  set_sum(Measure::network_transmit, stats.networks, &model::NetworkStats::transmit_bytes);
  set_sum(Measure::disk_read, stats.block_io, &model::BlockIoStats::read_bytes);
  set_sum(Measure::disk_write, stats.block_io, &model::BlockIoStats::write_bytes);
  if (stats.cpu && stats.cpu->throttling) {
    reading.periods = static_cast<double>(stats.cpu->throttling->periods);
    reading.throttled_periods = static_cast<double>(stats.cpu->throttling->throttled_periods);
  }
  if (stats.pressure) {
    reading.cpu_waiting = stats.pressure->cpu.waiting_seconds;
    reading.memory_waiting = stats.pressure->memory.waiting_seconds;
    reading.io_waiting = stats.pressure->io.waiting_seconds;
  }
  return reading;
}

/// Whether the wall clock was set between two samples: a rate over that time would be wrong.
bool clock_was_set(const Reading& before, const Reading& after) {
  const auto by_wall = to_seconds(after.at - before.at);
  const auto by_steady = to_seconds(after.seen_at - before.seen_at);
  return by_wall <= 0 || std::abs(by_wall - by_steady) > to_seconds(step_length) / 2;
}

/// Nothing where one is not known, or where the counter has begun anew.
std::optional<double> growth(std::optional<double> before, std::optional<double> after) {
  if (!before || !after || *after < *before) return std::nullopt;
  return *after - *before;
}

std::optional<double> ratio(std::optional<double> part, std::optional<double> whole) {
  if (!part || !whole || *whole <= 0) return std::nullopt;
  return *part / *whole;
}

LatestRates rates_between(const Reading& before, const Reading& after) {
  const std::optional<double> seconds = to_seconds(after.at - before.at);
  LatestRates rates;
  for (std::size_t i = 0; i < measures.size(); ++i) {
    rates.values[i] = measures[i] == Measure::memory
                          ? after.values[i]
                          : ratio(growth(before.values[i], after.values[i]), seconds);
  }
  const auto share = [&](auto counter) {
    const auto waiting = ratio(growth(before.*counter, after.*counter), seconds);
    return waiting ? std::optional(std::min(*waiting, 1.0)) : std::nullopt;
  };
  rates.throttled_share = ratio(growth(before.throttled_periods, after.throttled_periods),
                                growth(before.periods, after.periods));
  rates.cpu_waiting_share = share(&Reading::cpu_waiting);
  rates.memory_waiting_share = share(&Reading::memory_waiting);
  rates.io_waiting_share = share(&Reading::io_waiting);
  return rates;
}

// --- the plots of one container -----------------------------------------------------------------

/// A ring of steps for each measure.
class Track {
 public:
  Track() {
    for (auto& ring : rings_) ring.fill(not_known);
  }

  /// A sample that was seen in `step`. A sample that is known already changes nothing.
  void record(const model::ContainerStats& stats, std::optional<WallTime> started_at,
              const Moment& seen) {
    if (last_ && last_->at == stats.read_at) return;
    auto reading = read(stats);
    reading.seen_at = seen.steady;
    const auto step = step_of(seen.wall);
    if (!base_ || started_at != started_at_ || step < newest_step_ ||
        clock_was_set(*last_, reading) || clock_was_set(*base_, reading)) {
      begin(reading, started_at, step);
      return;
    }
    latest_ = rates_between(*last_, reading);
    last_ = reading;
    if (step == newest_step_) return;
    fill(rates_between(*base_, reading), step);
    base_ = reading;
  }

  /// There is no sample: the container has no processes, or its calls fail.
  void record_none() {
    base_.reset();
    last_.reset();
    latest_ = {};
  }

  void record_health(model::Health health, WallTime now) {
    const auto before = health_.empty() ? model::Health::none : health_.back().health;
    if (health == before) return;
    if (health_.size() == most_health_changes) health_.erase(health_.begin());
    health_.push_back({.seen_at = now, .health = health});
  }

  [[nodiscard]] const LatestRates& latest() const noexcept { return latest_; }

  /// What is known at `step`, which may be later than the last sample.
  [[nodiscard]] std::unique_ptr<const ContainerHistory> history(std::int64_t step) const {
    auto history = std::make_unique<ContainerHistory>();
    history->until = end_of(step);
    history->latest = latest_;
    history->health = health_;
    const auto oldest = step - static_cast<std::int64_t>(step_count) + 1;
    for (std::size_t measure = 0; measure < measures.size(); ++measure) {
      for (std::size_t i = 0; i < step_count; ++i) {
        history->plots[measure][i] = value(measure, oldest + static_cast<std::int64_t>(i));
      }
    }
    return history;
  }

  std::uint64_t recorded_by = 0;  ///< the number of the record that has seen the container last

 private:
  static std::size_t index_of(std::int64_t step) {
    return static_cast<std::size_t>(step % static_cast<std::int64_t>(step_count));
  }

  [[nodiscard]] float value(std::size_t measure, std::int64_t step) const {
    const bool is_kept = step >= 0 && step <= newest_step_ &&
                         step > newest_step_ - static_cast<std::int64_t>(step_count);
    return is_kept ? rings_[measure][index_of(step)] : not_known;
  }

  /// The first sample of a run, or after the clock was set back: it has gauges and no rates.
  void begin(const Reading& reading, std::optional<WallTime> started_at, std::int64_t step) {
    if (step < newest_step_) *this = Track{std::move(health_), recorded_by};
    started_at_ = started_at;
    latest_ = rates_between(reading, reading);
    skip_to(step - 1);
    if (step > newest_step_) fill(latest_, step);
    base_ = last_ = reading;
  }

  Track(std::vector<HealthChange> health, std::uint64_t record) : Track() {
    health_ = std::move(health);
    recorded_by = record;
  }

  /// All steps after the newest one, up to `step`, have these values.
  void fill(const LatestRates& rates, std::int64_t step) {
    const auto oldest = step - static_cast<std::int64_t>(step_count) + 1;
    const auto first = std::max({newest_step_ + 1, oldest, std::int64_t{0}});
    for (std::size_t measure = 0; measure < measures.size(); ++measure) {
      const auto value = rates.values[measure];
      for (auto i = first; i <= step; ++i) {
        rings_[measure][index_of(i)] = value ? static_cast<float>(*value) : not_known;
      }
    }
    newest_step_ = step;
  }

  void skip_to(std::int64_t step) {
    if (step > newest_step_) fill({}, step);
  }

  std::array<Plot, measures.size()> rings_{};  ///< by Measure; a step is at step % step_count
  std::int64_t newest_step_ = 0;
  std::optional<Reading> base_;  ///< at the end of the newest step that is filled
  std::optional<Reading> last_;  ///< the last one, which may be later in the same step
  std::optional<WallTime> started_at_;
  LatestRates latest_;
  std::vector<HealthChange> health_;
};

}  // namespace

// --- all of them --------------------------------------------------------------------------------

struct History::State {
  struct Engine {
    std::optional<SteadyTime> published_at;
    std::int64_t step = 0;  ///< of the last snapshot
    EngineSpell spell;
    std::unordered_map<std::string, Track> containers;  ///< by id
    std::optional<Track> machine;
  };

  std::unordered_map<std::string, Engine> engines;  ///< by endpoint
  std::uint64_t records = 0;
  bool is_enabled = true;

  void forget_others(const model::Snapshot& snapshots) {
    std::erase_if(engines, [&](const auto& entry) {
      return std::ranges::none_of(
          snapshots, [&](const auto& snapshot) { return snapshot->endpoint == entry.first; });
    });
  }

  void record(const model::EngineSnapshot& snapshot) {
    auto& engine = engines[snapshot.endpoint];
    if (!snapshot.published_at) return;
    // Monitors publish at the same time, so an older snapshot may come later.
    if (engine.published_at && *snapshot.published_at <= *engine.published_at) return;
    const bool is_first = !engine.published_at;
    ++records;
    engine.published_at = snapshot.published_at;
    engine.step = step_of(snapshot.taken_at);
    if (is_first || engine.spell.up != snapshot.up) {
      engine.spell = {.up = snapshot.up, .since = snapshot.taken_at, .is_longer = is_first};
    }
    record_machine(snapshot, engine);
    for (const auto& record : snapshot.containers) record_container(record, snapshot, engine);
    if (!snapshot.up) return;
    std::erase_if(engine.containers,
                  [this](const auto& entry) { return entry.second.recorded_by != records; });
  }

  static Moment moment_of(const model::EngineSnapshot& snapshot) {
    return {.steady = *snapshot.published_at, .wall = snapshot.taken_at};
  }

  void record_machine(const model::EngineSnapshot& snapshot, Engine& engine) const {
    if (!snapshot.host) {
      engine.machine.reset();
      return;
    }
    if (!engine.machine) engine.machine.emplace();
    engine.machine->record(snapshot.host->use, snapshot.host->booted_at, moment_of(snapshot));
  }

  void record_container(const model::ContainerRecord& record, const model::EngineSnapshot& snapshot,
                        Engine& engine) const {
    const auto& container = *record.container;
    auto found = engine.containers.find(container.id);
    if (found == engine.containers.end()) {
      if (tracks() >= most_containers) return;
      found = engine.containers.try_emplace(container.id).first;
    }
    auto& track = found->second;
    track.recorded_by = records;
    if (record.stats && record.stats->has_processes) {
      track.record(*record.stats, container.started_at, moment_of(snapshot));
    } else {
      track.record_none();
    }
    if (record.state_known)
      track.record_health(model::current_health(container), snapshot.taken_at);
  }

  /// With a map's own memory for the entry: a node and the 64 digits of the id.
  static constexpr std::size_t bytes_of_container = sizeof(Track) + 144;

  [[nodiscard]] std::size_t tracks() const {
    std::size_t count = 0;
    for (const auto& [name, engine] : engines) count += engine.containers.size();
    return count;
  }

  [[nodiscard]] const Engine* engine(std::string_view endpoint) const {
    const auto found = engines.find(std::string(endpoint));
    return found == engines.end() ? nullptr : &found->second;
  }
  [[nodiscard]] const Track* track(std::string_view endpoint, std::string_view id) const {
    const auto* const of = engine(endpoint);
    if (of == nullptr) return nullptr;
    const auto found = of->containers.find(std::string(id));
    return found == of->containers.end() ? nullptr : &found->second;
  }
};

History::History() : state_(std::make_unique<Guarded<State>>()) {}
History::~History() = default;

void History::record(const model::Snapshot& engines) {
  state_->with([&](State& state) {
    if (!state.is_enabled) return;
    state.forget_others(engines);
    for (const auto& engine : engines) state.record(*engine);
  });
}

void History::set_enabled(bool enabled) {
  state_->with([enabled](State& state) {
    state.is_enabled = enabled;
    if (!enabled) state.engines.clear();
  });
}

std::unique_ptr<const ContainerHistory> History::container(std::string_view endpoint,
                                                           std::string_view id) const {
  return state_->with([&](const State& state) -> std::unique_ptr<const ContainerHistory> {
    const auto* const track = state.track(endpoint, id);
    return track == nullptr ? nullptr : track->history(state.engine(endpoint)->step);
  });
}

std::unique_ptr<const ContainerHistory> History::machine(std::string_view endpoint) const {
  return state_->with([&](const State& state) -> std::unique_ptr<const ContainerHistory> {
    const auto* const engine = state.engine(endpoint);
    if (engine == nullptr || !engine->machine) return nullptr;
    return engine->machine->history(engine->step);
  });
}

std::optional<LatestRates> History::latest(std::string_view endpoint, std::string_view id) const {
  return state_->with([&](const State& state) -> std::optional<LatestRates> {
    const auto* const track = state.track(endpoint, id);
    if (track == nullptr) return std::nullopt;
    return track->latest();
  });
}

std::optional<LatestRates> History::latest_of_machine(std::string_view endpoint) const {
  return state_->with([&](const State& state) -> std::optional<LatestRates> {
    const auto* const engine = state.engine(endpoint);
    if (engine == nullptr || !engine->machine) return std::nullopt;
    return engine->machine->latest();
  });
}

std::optional<EngineSpell> History::spell(std::string_view endpoint) const {
  return state_->with([&](const State& state) -> std::optional<EngineSpell> {
    const auto* const engine = state.engine(endpoint);
    if (engine == nullptr || !engine->published_at) return std::nullopt;
    return engine->spell;
  });
}

std::uint64_t History::version() const {
  return state_->with([](const State& state) { return state.records; });
}

std::size_t History::bytes() const {
  return state_->with([](const State& state) {
    std::size_t bytes = 0;
    for (const auto& [name, engine] : state.engines) {
      bytes += sizeof(State::Engine) + engine.containers.size() * State::bytes_of_container;
    }
    return bytes;
  });
}

}  // namespace tidegauge::status
