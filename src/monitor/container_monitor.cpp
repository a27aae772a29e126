#include "tidegauge/monitor/container_monitor.h"

#include <algorithm>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>

#include "monitor/call_scheduler.h"
#include "monitor/container_filter.h"
#include "monitor/engine_follower.h"
#include "monitor/kernel_sampler.h"
#include "monitor/optional_call.h"
#include "monitor/snapshot_recycler.h"

namespace tidegauge::monitor {

using namespace std::chrono_literals;

namespace {

constexpr auto publish_gap = 100ms;               // between two snapshots, at least
constexpr auto publish_gap_of_container = 100us;  // and this for each: copying thousands is dear
constexpr auto inspect_debounce = 20ms;           // events come in bursts
constexpr auto refresh_step = 1s;                 // between two inspects without an event
constexpr Milliseconds longest_inspect_pause = 5min;  // after failures in a row
constexpr double spread = 0.8;  // the part of the interval that samples are spread over
constexpr Milliseconds kernel_retry = 1min;  // of a container whose files cannot be read

/// One after another, over most of the interval.
void schedule_over(std::chrono::nanoseconds interval, CallScheduler& scheduler,
                   CallScheduler::Call call, std::vector<std::string> ids) {
  const auto now = steady_now();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto part = spread * static_cast<double>(i) / static_cast<double>(ids.size());
    const auto delay = std::chrono::duration_cast<std::chrono::nanoseconds>(interval * part);
    scheduler.schedule({call, std::move(ids[i]), now + delay});
  }
}

/// Between an inspect that failed and the next.
Milliseconds inspect_pause(Milliseconds interval, std::uint64_t failures) {
  const auto doublings = std::min<std::uint64_t>(failures > 0 ? failures - 1 : 0, 20U);
  const Milliseconds grown{interval.count() << doublings};
  return std::min(grown, std::max(interval, longest_inspect_pause));
}

model::StatsSource first_source(config::StatsChoice choice) {
  return choice == config::StatsChoice::engine ? model::StatsSource::engine
                                               : model::StatsSource::kernel;
}

}  // namespace

/// What the Engine may refuse to say of itself.
struct ContainerMonitor::OptionalCalls {
  OptionalCalls(const std::string& endpoint, Logger& logger)
      : version(endpoint, "GET /version", "the version of the Engine is not shown", logger),
        info(
            endpoint, "GET /info",
            "the CPUs, the memory and the directory of the Engine are not known, and its own count "
            "of containers is not compared: they are listed instead",
            logger) {}

  OptionalCall version;
  OptionalCall info;
};

/// What EngineFollower does to what the monitor knows.
class ContainerMonitor::Followed final : public FollowedEngine {
 public:
  explicit Followed(ContainerMonitor& monitor) : monitor_(monitor) {}

  std::optional<WallTime> follow_from() override {
    const std::lock_guard lock(monitor_.mutex_);
    ++monitor_.inventory_.stats.streams_opened;
    return monitor_.inventory_.follow_from();
  }
  Inventory::Effect apply(const model::Event& event) override { return monitor_.apply(event); }
  Result<void> take_inventory(InspectWhom whom, const std::stop_token& stop) override {
    return monitor_.take_inventory(whom, stop);
  }
  void await_inspects(SteadyTime deadline, const std::stop_token& stop) override {
    std::unique_lock lock(monitor_.mutex_);
    monitor_.changed_.wait_until(lock, stop, deadline,
                                 [this] { return monitor_.inventory_.asked_about_all(); });
  }
  Result<void> reconcile(const std::stop_token& stop) override { return monitor_.reconcile(stop); }
  bool is_up() override {
    const std::lock_guard lock(monitor_.mutex_);
    return monitor_.up_;
  }
  std::uint64_t outages() override {
    const std::lock_guard lock(monitor_.mutex_);
    return monitor_.outages_;
  }
  void engine_up(std::uint64_t outages) override { monitor_.engine_up(outages); }
  void engine_down(const Error& reason) override { monitor_.engine_down(reason); }

 private:
  ContainerMonitor& monitor_;
};

ContainerMonitor::ContainerMonitor(std::string endpoint, std::size_t index,
                                   const config::MonitorConfig& options,
                                   const MonitorContext& context)
    : endpoint_(std::move(endpoint)),
      index_(index),
      options_(options),
      context_(context),
      inventory_(options_, first_source(options.stats_source)),
      host_files_(context.kernel, cgroup::FilesystemSampler(context.stat_filesystem, {})),
      recycler_(std::make_unique<SnapshotRecycler>()),
      followed_(std::make_unique<Followed>(*this)),
      calls_(std::make_unique<OptionalCalls>(endpoint_, context.logger)),
      scheduler_(std::make_unique<CallScheduler>(
          options.max_in_flight, context.max_connections, context.guard,
          [this](const CallScheduler::Task& task, const std::stop_token& stop) {
            switch (task.call) {
              case CallScheduler::Call::inspect:
                return inspect(task.id, stop);
              case CallScheduler::Call::sample:
                return sample(task.id, task.due, stop);
              case CallScheduler::Call::measure:
                return measure(task.id, stop);
            }
          })) {
  if (options.stats_source == config::StatsChoice::engine) return;
  // Without the Engine to fall back to, each cycle tries.
  const bool falls_back = options.stats_source == config::StatsChoice::automatic;
  kernel_ = std::make_unique<KernelSampler>(
      context.kernel, context.kernel_descriptors, falls_back ? kernel_retry : Milliseconds{0},
      cgroup::OptionalGroups{.per_cpu = options.per_cpu,
                             .processes = options.processes,
                             .connections = options.connections,
                             .tcp_statistics = options.tcp_statistics,
                             .huge_pages = options.huge_pages});
}

ContainerMonitor::~ContainerMonitor() = default;

void ContainerMonitor::run_once(const std::stop_token& stop) {
  const auto started = steady_now();
  {
    const std::lock_guard lock(mutex_);
    inventory_.forget_samples();
  }
  const auto outages = followed_->outages();
  const auto listed = take_inventory(InspectWhom::all, stop);
  if (listed) {
    scheduler_->wait_until_idle(stop);
    std::ignore = follow_kernel();
    sample_by_kernel(SampleScope::all);
    measure_layers(/*every_one=*/true);
    scheduler_->wait_until_idle(stop);
  }
  if (stop.stop_requested()) return;
  // The Engine may have gone down meanwhile: then what was found is of the past.
  const auto health = context_.clients.health(endpoint_);
  if (!listed) {
    engine_down(listed.error());
  } else if (!health.up) {
    engine_down(*health.reason);
  } else {
    engine_up(outages);
  }
  publish();
  latest_answer_ = steady_now() - started;
  report_cycle();
}

void ContainerMonitor::run(const std::stop_token& stop) {
  EngineFollower follower(endpoint_, options_, context_.clients, context_.logger, *followed_);
  const std::jthread inventory([&](const std::stop_token& end) {
    context_.guard.run("inventory", end, [&] { follower.follow(end); });
  });
  const std::jthread health([&](const std::stop_token& end) {
    context_.guard.run("health", end, [&] { follower.watch_health(end); });
  });
  auto next_cycle = steady_now() + options_.interval;
  auto next_publish = steady_now();
  while (!stop.stop_requested()) {
    const auto now = steady_now();
    bool publish_now = false;
    std::size_t size = 0;
    {
      std::unique_lock lock(mutex_);
      if (now < next_publish) {
        changed_.wait_until(lock, stop, std::min(next_publish, next_cycle),
                            [this] { return !kernel_news_.empty(); });
      } else {
        changed_.wait_until(lock, stop, next_cycle,
                            [this] { return dirty_ || !kernel_news_.empty(); });
        publish_now = std::exchange(dirty_, false);
        size = inventory_.size();
      }
    }
    if (follow_kernel()) sample_by_kernel(SampleScope::not_yet_sampled);
    if (publish_now) {
      publish();
      next_publish = steady_now() + publish_gap + size * publish_gap_of_container;
    }
    if (steady_now() >= next_cycle && !stop.stop_requested()) {
      report_cycle();
      begin_cycle();
      changed();  // also where nothing has: who reads the page judges the age of what is published
      const auto late = (steady_now() - next_cycle) / options_.interval;
      next_cycle += (1 + late) * options_.interval;  // what was missed is not made up for
    }
  }
}

// --- the inventory ------------------------------------------------------------------------------

Result<void> ContainerMonitor::take_inventory(InspectWhom whom, const std::stop_token& stop) {
  auto list = context_.clients.container_list(endpoint_, stop);
  if (!list) {
    ++list_errors_;
    return fail(list.error());
  }
  drop_unusable(*list);
  std::vector<std::string> ids;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& id : inventory_.ids()) kernel_news(id);
    if (whom == InspectWhom::changed) ids = inventory_.ids_that_differ(*list);
    inventory_.resync(*list, moment_now());
    if (whom == InspectWhom::all) ids = inventory_.ids_to_inspect();
  }
  const auto now = steady_now();
  for (auto& id : ids) scheduler_->schedule({CallScheduler::Call::inspect, std::move(id), now});
  return learn_engine(stop);  // while the scheduler is at it: the Engine takes its time over itself
}

/// Whatever has another id cannot be asked about. Ids of the Engine are 64 hexadecimal digits.
void ContainerMonitor::drop_unusable(std::vector<model::ContainerSummary>& list) {
  const auto unusable = std::erase_if(
      list, [](const model::ContainerSummary& summary) { return !is_usable_id(summary.id); });
  if (unusable > 0) warn_of_unusable_id();
}

void ContainerMonitor::warn_of_unusable_id() {
  if (!unusable_ids_.failed(steady_now())) return;
  context_.logger.warn("a container is left off: its id has other characters than ids have",
                       {{"endpoint", endpoint_}});
}

/// What cannot change while the Engine is up is asked once. Fails only where the Engine is down.
Result<void> ContainerMonitor::learn_engine(const std::stop_token& stop) {
  if (auto asked = learn(calls_->version, version_, &docker::ClientManager::version, stop);
      !asked) {
    return asked;
  }
  return learn(calls_->info, info_, &docker::ClientManager::info, stop);
}

template <class Value>
Result<void> ContainerMonitor::learn(
    OptionalCall& call, std::optional<Value>& known,
    Result<Value> (docker::ClientManager::*ask)(std::string_view, const std::stop_token&),
    const std::stop_token& stop) {
  {
    const std::lock_guard lock(mutex_);
    if (known) return {};
  }
  if (!call.is_due(steady_now())) return {};
  auto value = (context_.clients.*ask)(endpoint_, stop);
  if (!value) {
    if (stop.stop_requested() || !context_.clients.health(endpoint_).up) return fail(value.error());
    call.failed(value.error(), steady_now());
    return {};
  }
  call.answered();
  {
    const std::lock_guard lock(mutex_);
    if constexpr (std::is_same_v<Value, model::EngineInfo>) record_time(*value);
    known = std::move(*value);
  }
  changed();
  return {};
}

void ContainerMonitor::record_time(const model::EngineInfo& info) {
  if (info.system_time) inventory_.record_engine_time(*info.system_time, steady_now());
}

/// A list costs the Engine much, its own count nothing: lists only where the two differ, or where
/// there is no count.
Result<void> ContainerMonitor::reconcile(const std::stop_token& stop) {
  if (calls_->version.is_failing() || calls_->info.is_failing()) {
    if (auto learnt = learn_engine(stop); !learnt) return {};  // what is wrong shows elsewhere
  }
  if (calls_->info.is_failing()) return take_inventory(InspectWhom::changed, stop);
  const auto info = context_.clients.info(endpoint_, stop);
  if (!info) return {};  // likewise
  {
    const std::lock_guard lock(mutex_);
    record_time(*info);
    if (!info->containers || *info->containers == inventory_.size()) return {};
  }
  return take_inventory(InspectWhom::all, stop);
}

Inventory::Effect ContainerMonitor::apply(const model::Event& event) {
  if (event.type == "container" && !event.id.empty() && !is_usable_id(event.id)) {
    warn_of_unusable_id();
    return Inventory::Effect::none;
  }
  auto effect = Inventory::Effect::none;
  bool inspect_it = false;
  {
    const std::lock_guard lock(mutex_);
    effect = inventory_.apply(event, moment_now());
    if (event.type == "container") kernel_news(event.id);
    inspect_it = effect == Inventory::Effect::inspect && up_;  // else the inventory comes first
  }
  if (inspect_it)
    scheduler_->schedule({CallScheduler::Call::inspect, event.id, steady_now() + inspect_debounce});
  if (effect != Inventory::Effect::known) changed();
  return effect;
}

void ContainerMonitor::engine_up(std::uint64_t outages) {
  bool news = false;
  {
    const std::lock_guard lock(mutex_);
    if (outages != outages_) return;  // it went down meanwhile
    up_ = true;
    down_reason_.clear();
    news = std::exchange(failing_, false);
  }
  if (news) context_.logger.info("containers can be watched again", {{"endpoint", endpoint_}});
  changed();
}

void ContainerMonitor::engine_down(const Error& reason) {
  // Of an Engine that does not answer at all, the pool has told already.
  const bool told = reason.code == Errc::engine_down || blames_engine(reason.code) ||
                    !context_.clients.health(endpoint_).up;
  scheduler_->cancel_pending();
  bool news = false;
  {
    const std::lock_guard lock(mutex_);
    up_ = false;
    ++outages_;
    down_reason_ = reason.message;
    version_.reset();
    info_.reset();
    inventory_.forget_engine_samples();
    news = !told && !std::exchange(failing_, true);
  }
  if (news) {
    context_.logger.warn("containers cannot be watched",
                         {{"endpoint", endpoint_}, {"reason", reason.message}});
  }
  changed();
}

// --- one container ------------------------------------------------------------------------------

void ContainerMonitor::inspect(const std::string& id, const std::stop_token& stop) {
  std::optional<std::uint64_t> version;
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    version = inventory_.version(id);
    first = !inventory_.is_inspected(id);
  }
  if (!version) return;
  auto container = context_.clients.container_inspect(endpoint_, id, stop);
  if (stop.stop_requested()) return;
  if (container && container->id != id) {
    container = fail(Errc::bad_reply, "the Engine has answered with another container");
  }
  if (container && first) warn_of_invalid_enable_label(*container);
  bool sample_it = false;
  bool by_kernel = false;
  {
    const std::lock_guard lock(mutex_);
    const bool believed =
        container && inventory_.record_inspected(id, *version, std::move(*container), moment_now());
    // Without a process that could be looked for, only the Engine can tell.
    const bool only_engine =
        kernel_falls_back() && inventory_.is_sampled(id) && !inventory_.run_of(id);
    if (believed && only_engine) inventory_.set_source(id, model::StatsSource::engine);
    sample_it = believed && inventory_.needs_sample(id);
    by_kernel = sample_it && inventory_.is_sampled_by(id, model::StatsSource::kernel);
    if (believed) kernel_news(id);
  }
  record_outcome(id, Inventory::Question::inspect,
                 container ? std::nullopt : std::optional(container.error()));
  if (sample_it && !by_kernel)
    scheduler_->schedule({CallScheduler::Call::sample, id, steady_now()});
  if (!container) inspect_failed(id, container.error().code);
  changed();
}

/// What fails is asked again, ever more rarely. An Engine that is down is asked about everything
/// once it is up.
void ContainerMonitor::inspect_failed(const std::string& id, Errc reason) {
  if (reason == Errc::not_found || reason == Errc::engine_down) return;
  ++inspect_errors_;
  std::uint64_t failures = 0;
  {
    const std::lock_guard lock(mutex_);
    if (!inventory_.is_watched(id)) return;
    failures = inventory_.failures(id, Inventory::Question::inspect);
  }
  const auto pause = inspect_pause(options_.interval, failures);
  scheduler_->schedule({CallScheduler::Call::inspect, id, steady_now() + pause});
}

void ContainerMonitor::warn_of_invalid_enable_label(const model::Container& container) {
  const auto wish = invalid_enable_label(container);
  if (!wish) return;
  context_.logger.warn("label is ignored: it must be true or false",
                       {{"endpoint", endpoint_},
                        {"container", container.name},
                        {"container_id", container.id},
                        {"label", enable_label},
                        {"value", *wish}});
}

void ContainerMonitor::sample(const std::string& id, SteadyTime due, const std::stop_token& stop) {
  std::uint64_t outages = 0;
  {
    const std::lock_guard lock(mutex_);
    outages = outages_;
    if (!inventory_.is_sampled(id)) return;
    if (!inventory_.is_sampled_by(id, model::StatsSource::engine)) return;
  }
  const auto asked = steady_now();
  auto stats = context_.clients.container_stats(endpoint_, id, stop);
  if (stop.stop_requested()) return;
  const auto answered = steady_now();
  if (stats) scheduler_->answered(answered - asked);
  record_latest_answer(answered - due);
  std::optional<Error> failure;
  if (!stats) failure = stats.error();
  if (failure && failure->code != Errc::not_found) ++sample_errors_;
  {
    const std::lock_guard lock(mutex_);
    if (outages != outages_) return;  // it would be shown for as long as the Engine is down
    // The kernel may have been faster meanwhile.
    if (inventory_.is_sampled_by(id, model::StatsSource::kernel)) return;
    inventory_.record_sampled(
        id, stats ? std::make_shared<model::ContainerStats>(std::move(*stats)) : nullptr);
  }
  record_outcome(id, Inventory::Question::sample, failure);
  changed();
}

/// That it takes too long says nothing of the container: its other numbers go on.
void ContainerMonitor::measure(const std::string& id, const std::stop_token& stop) {
  const auto bytes = context_.clients.container_size(endpoint_, id, stop);
  if (stop.stop_requested() || (!bytes && bytes.error().code == Errc::not_found)) return;
  bool news = false;
  {
    const std::lock_guard lock(mutex_);
    news = inventory_.record_measured(id, bytes ? std::optional(*bytes) : std::nullopt, wall_now());
  }
  if (news && !bytes && !blames_engine(bytes.error().code)) {
    context_.logger.warn("the writable layer of a container cannot be measured",
                         {{"endpoint", endpoint_},
                          {"container", name_of(id)},
                          {"container_id", id},
                          {"reason", bytes.error().message},
                          {"remedy", "raise pool.list_timeout, if that was too short"}});
  }
  changed();
}

void ContainerMonitor::record_outcome(const std::string& id, Inventory::Question question,
                                      const std::optional<Error>& failure) {
  std::optional<Inventory::StateChange> notice;
  {
    const std::lock_guard lock(mutex_);
    notice = inventory_.record_outcome(id, question, failure, moment_now());
  }
  if (!notice) return;
  if (notice->failure) {
    context_.logger.warn("container cannot be read", {{"endpoint", endpoint_},
                                                      {"container", notice->name},
                                                      {"container_id", id},
                                                      {"reason", notice->failure->message}});
  } else {
    context_.logger.info(
        "container can be read again",
        {{"endpoint", endpoint_}, {"container", notice->name}, {"container_id", id}});
  }
}

std::string ContainerMonitor::name_of(const std::string& id) {
  const std::lock_guard lock(mutex_);
  return inventory_.name_of(id);
}

void ContainerMonitor::record_latest_answer(SteadyTime::duration took) {
  for (auto latest = latest_answer_.load();
       latest < took && !latest_answer_.compare_exchange_weak(latest, took);) {
  }
}

// --- what the kernel shows ----------------------------------------------------------------------

void ContainerMonitor::kernel_news(const std::string& id) {
  if (kernel_) kernel_news_.insert(id);
}

bool ContainerMonitor::kernel_falls_back() const {
  return options_.stats_source == config::StatsChoice::automatic;
}

/// Gives back the files of what has ended. Whether something else may run now.
bool ContainerMonitor::follow_kernel() {
  std::vector<std::pair<std::string, std::optional<Inventory::Run>>> news;
  {
    const std::lock_guard lock(mutex_);
    if (kernel_news_.empty()) return false;
    for (const auto& id : kernel_news_) news.emplace_back(id, inventory_.run_of(id));
    kernel_news_.clear();
  }
  for (const auto& [id, run] : news) kernel_->follow(id, run);
  return true;
}

void ContainerMonitor::sample_by_kernel(SampleScope whose) {
  if (!kernel_) return;
  if (whose == SampleScope::all) host_.reset();
  const auto now = steady_now();
  {
    const std::lock_guard lock(mutex_);
    kernel_->prepare(whose, now);
  }
  kernel_->sample(now);
  {
    const std::lock_guard lock(mutex_);
    for (const auto* const container : kernel_->sampled()) {
      const auto& [id, watched] = *container;
      if (watched.error || inventory_.run_of(id) != watched.run) continue;
      inventory_.set_source(id, model::StatsSource::kernel);
      inventory_.set_cgroup_path(id, watched.files->location().host_path);
      inventory_.record_sampled(id, watched.sample);
    }
  }
  for (const auto* const container : kernel_->sampled()) {
    const auto& [id, watched] = *container;
    if (watched.error) {
      kernel_failed(id, watched.run, *watched.error, watched.failures);
    } else {
      record_outcome(id, Inventory::Question::sample, std::nullopt);
    }
  }
  report_refused();
  if (kernel_->sampled().empty() && whose != SampleScope::all) return;
  record_latest_answer(steady_now() - now);
  changed();
}

void ContainerMonitor::report_refused() {
  if (kernel_->refused().empty() || std::exchange(refused_reported_, true)) return;
  context_.logger.warn(
      "processes of containers cannot be counted in full: what is not visible is absent",
      {{"endpoint", endpoint_},
       {"reason", kernel_->refused()},
       {"remedy", "run as root or with the capabilities SYS_PTRACE and DAC_READ_SEARCH"}});
}

/// The Engine tells which of the file systems is its own.
void ContainerMonitor::sample_host() {
  if (!kernel_) return;
  {
    const std::lock_guard lock(mutex_);
    if (info_ && info_->docker_root_dir != engine_directory_) {
      engine_directory_ = info_->docker_root_dir;
      host_.reset();
    }
  }
  if (!host_) {
    host_ = std::make_shared<const model::HostStats>(host_files_.sample(engine_directory_));
    report_stuck_filesystems();
  }
}

/// Each of them once: a disk array that hangs now and then must not fill the log.
void ContainerMonitor::report_stuck_filesystems() {
  for (const auto& filesystem : host_->stuck_filesystems) {
    if (!reported_filesystems_.insert(filesystem).second) continue;
    context_.logger.warn("a file system does not answer and is left out",
                         {{"endpoint", endpoint_}, {"filesystem", filesystem}});
  }
}

/// A container that has just ended fails like one whose files are not visible. So a failure that
/// may be due to the moment is not reported the first time, and none is while the Engine is down,
/// which would have told of the end.
void ContainerMonitor::kernel_failed(const std::string& id, const Inventory::Run& run,
                                     const cgroup::CgroupError& error, std::uint32_t times) {
  const bool again = times > 1 || !cgroup::is_transient(error.reason);
  bool was_kernels = false;
  {
    const std::lock_guard lock(mutex_);
    was_kernels = inventory_.is_sampled_by(id, model::StatsSource::kernel);
    if (was_kernels) inventory_.record_sampled(id, nullptr);
    if (kernel_falls_back()) inventory_.set_source(id, model::StatsSource::engine);
    const bool engine_is_down = !up_ && !down_reason_.empty();
    if (engine_is_down || inventory_.run_of(id) != run) return;
  }
  if (!kernel_falls_back()) {
    if (again) ++sample_errors_;
    record_outcome(id, Inventory::Question::sample,
                   again ? std::optional(Error{Errc::system, error.message}) : std::nullopt);
    return;
  }
  if (again && reported_kernel_errors_.insert(error.reason).second) {
    context_.logger.warn(
        "the kernel's numbers of a container cannot be read: the Engine is asked for them",
        {{"endpoint", endpoint_},
         {"container", name_of(id)},
         {"container_id", id},
         {"reason", error.message}});
  }
  if (was_kernels && context_.clients.health(endpoint_).up) {
    scheduler_->schedule({CallScheduler::Call::sample, id, steady_now()});
    look_for_end(id);
  }
}

/// The event of an end may be lost, or not be told at all.
void ContainerMonitor::look_for_end(const std::string& id) {
  {
    const std::lock_guard lock(mutex_);
    inventory_.expect_gap(id);
  }
  scheduler_->schedule({CallScheduler::Call::inspect, id, steady_now() + inspect_debounce});
}

// --- cycles and snapshots -----------------------------------------------------------------------

void ContainerMonitor::begin_cycle() {
  sample_by_kernel(SampleScope::all);
  std::vector<std::string> ids;
  {
    const std::lock_guard lock(mutex_);
    if (!up_) return;
    ids = inventory_.ids_to_ask_about();
  }
  schedule_over(options_.interval, *scheduler_, CallScheduler::Call::sample, std::move(ids));
  measure_layers(/*every_one=*/false);
  refresh_some();
}

/// Some changes come without an event: a failed removal, the streak of a health check. An inspect
/// tells them, of one container after another, each due at its own time within the cycle.
void ContainerMonitor::refresh_some() {
  const auto now = steady_now();
  std::vector<CallScheduler::Task> due;
  {
    const std::lock_guard lock(mutex_);
    for (auto at = now; at < now + options_.interval; at += refresh_step) {
      if (auto id = inventory_.next_to_refresh(at)) {
        due.push_back({CallScheduler::Call::inspect, std::move(*id), at});
      }
    }
  }
  for (auto& task : due) scheduler_->schedule(std::move(task));
}

void ContainerMonitor::measure_layers(bool every_one) {
  if (options_.filesystem_interval.count() == 0) return;
  std::vector<std::string> ids;
  {
    const std::lock_guard lock(mutex_);
    ids = inventory_.take_ids_to_measure(steady_now(), every_one);
  }
  schedule_over(every_one ? 0ns : options_.interval, *scheduler_, CallScheduler::Call::measure,
                std::move(ids));
}

void ContainerMonitor::report_cycle() {
  context_.on_cycle_finished({.endpoint = endpoint_,
                              .duration = latest_answer_.exchange({}),
                              .list_errors = list_errors_.exchange(0),
                              .inspect_errors = inspect_errors_.exchange(0),
                              .stats_errors = sample_errors_.exchange(0)});
}

void ContainerMonitor::publish() {
  sample_host();
  std::shared_ptr<model::EngineSnapshot> snapshot;
  {
    // What it held may be the last use of samples: given up where the others are.
    const std::lock_guard lock(mutex_);
    snapshot = recycler_->take();
  }
  snapshot->endpoint = endpoint_;
  const auto now = moment_now();
  snapshot->taken_at = now.wall;
  snapshot->published_at = now.steady;
  snapshot->max_in_flight = scheduler_->limit();
  snapshot->host = host_;
  snapshot->negotiated_api_version = context_.clients.api_version(endpoint_);
  {
    const std::lock_guard lock(mutex_);
    snapshot->up = up_;
    snapshot->down_reason = down_reason_;
    snapshot->version = version_;
    snapshot->info = info_;
    snapshot->inventory = inventory_.stats;
    inventory_.fill(*snapshot, now);
    if (version_ && version_->is_podman) {
      for (auto& [name, lifecycle] : snapshot->lifecycles) lifecycle.oom_events.reset();
    }
  }
  context_.snapshots.publish(index_, std::move(snapshot));
}

void ContainerMonitor::changed() {
  {
    const std::lock_guard lock(mutex_);
    // At the start nothing until all is known: half an inventory looks like containers lost.
    dirty_ = up_ || !down_reason_.empty();
  }
  changed_.notify_all();
}

}  // namespace tidegauge::monitor
