#include "tidegauge/pool/lease_core.h"

#include <unistd.h>

#include <algorithm>

namespace tidegauge::pool {
namespace {

/// How long the pool counts as overloaded after it has refused a caller.
constexpr auto overload_memory = std::chrono::milliseconds{10};

std::int32_t current_thread() noexcept {
  thread_local const std::int32_t id = ::gettid();
  return id;
}

const WaiterCondition& condition_of_this_thread() {
  thread_local const WaiterCondition condition = std::make_shared<std::condition_variable>();
  return condition;
}

}  // namespace

std::string_view Holder::key_text() const noexcept {
  const auto* const end = std::ranges::find(key, '\0');
  return {key.data(), static_cast<std::size_t>(end - key.begin())};
}

std::string_view Holder::quarantine_key() const noexcept {
  return takes_long ? std::string_view{} : key_text();
}

Holder make_holder(const CallTag& tag, const std::source_location& place, SteadyTime now) noexcept {
  Holder holder{.place = place,
                .thread = current_thread(),
                .call_class = tag.call_class,
                .takes_long = tag.takes_long,
                .since = now};
  std::ranges::copy_n(tag.key.begin(),
                      static_cast<std::ptrdiff_t>(std::min(tag.key.size(), holder.key.size())),
                      holder.key.begin());
  return holder;
}

std::string_view to_string(SlotState state) noexcept {
  switch (state) {
    case SlotState::empty:
      return "empty";
    case SlotState::idle:
      return "idle";
    case SlotState::leased:
      return "leased";
    case SlotState::maintaining:
      return "maintaining";
  }
  return "unknown";
}

LeaseCore::LeaseCore(const config::PoolConfig& options, SlotIndex stream_slots, std::uint32_t seed)
    : options_(options),
      request_slots_(options.max_connections),
      slots_(request_slots_ + stream_slots + 1),
      lease_limit_(options.max_connections),
      random_(seed) {
  idle_.reserve(request_slots_);
  empty_.reserve(request_slots_);
  for (auto slot = request_slots_; slot > 0; --slot) empty_.push_back(slot - 1);
  stream_free_.reserve(stream_slots);
  for (auto slot = probe_slot(); slot > request_slots_; --slot) stream_free_.push_back(slot - 1);
}

LeaseCore::Outcome LeaseCore::take_or_queue(Waiter& waiter, SteadyTime now) {
  // A head that has waited for the threshold comes first, even before its thread has woken up.
  if (head_is_due(now)) dispatch(now);
  if (has_free_slot() && !head_is_due(now)) {
    if (head_ != nullptr) ++barged_;
    waiter.granted = take_free(waiter.holder, now);
    return Outcome::taken;
  }
  if (waiting_ >= options_.tuning.max_waiters) evict_expired(now);
  if (waiting_ >= options_.tuning.max_waiters) {
    overloaded_until_ = now + overload_memory;
    return Outcome::queue_full;
  }
  waiter.condition = condition_of_this_thread();
  push_back(waiter);
  return Outcome::queued;
}

bool LeaseCore::settle(Waiter& waiter, SteadyTime now) {
  waiter.notified = false;
  if (waiter.granted || waiter.failed) return true;
  if (head_ != &waiter || !has_free_slot() || now >= waiter.deadline) return false;
  unlink(waiter);
  waiter.granted = take_free(waiter.holder, now);
  dispatch(now);  // more than one slot may be free after one notification
  return true;
}

void LeaseCore::leave(Waiter& waiter, SteadyTime now) {
  if (waiter.queued) unlink(waiter);
  if (waiter.granted) {
    const auto slot = *waiter.granted;
    waiter.granted.reset();
    notify(release(slot, slots_[slot].connected, now));
    return;
  }
  dispatch(now);
}

std::optional<SlotIndex> LeaseCore::take_for_stream(const Holder& holder, SteadyTime now) {
  if (stream_free_.empty()) return std::nullopt;
  const auto slot = stream_free_.back();
  stream_free_.pop_back();
  lend(slot, holder, now);
  return slot;
}

WaiterCondition LeaseCore::release(SlotIndex index, bool connected, SteadyTime now) {
  auto& slot = slots_[index];
  slot.last_used = slot.last_traffic = now;
  slot.connected = connected;
  slot.leak_reported = false;
  slot.holder.since = {};
  if (is_stream_slot(index)) {
    slot.state = connected ? SlotState::idle : SlotState::empty;
    stream_free_.push_back(index);
    return nullptr;
  }
  --leased_;
  slot.state = connected ? SlotState::idle : SlotState::empty;
  (connected ? idle_ : empty_).push_back(index);
  return serve_queue(now);
}

/// Notifies all waiters that it serves except the last, whose condition it returns: mostly there is
/// only one, and the caller notifies it after the mutex is released.
WaiterCondition LeaseCore::serve_queue(SteadyTime now) {
  WaiterCondition last;
  if (head_ == nullptr) return last;
  evict_expired(now);
  while (head_is_due(now) && has_free_slot()) {
    notify(std::exchange(last, hand_to_head(now)));
    evict_expired(now);
  }
  // A head that has not waited for long takes the slot itself; until then a running caller may be
  // faster.
  if (head_ != nullptr && has_free_slot() && !head_->notified) {
    head_->notified = true;
    notify(std::exchange(last, head_->condition));
  }
  return last;
}

void LeaseCore::notify(const WaiterCondition& condition) {
  if (condition) condition->notify_one();
}

void LeaseCore::fail_waiters(model::AcquireFailure reason) {
  while (head_ != nullptr) {
    auto& waiter = *head_;
    unlink(waiter);
    waiter.failed = reason;
    notify(waiter.condition);
  }
}

bool LeaseCore::claim(SlotIndex index) {
  auto& slot = slots_[index];
  if (slot.state != SlotState::idle && slot.state != SlotState::empty) return false;
  if (is_stream_slot(index)) {
    std::erase(stream_free_, index);
  } else if (index != probe_slot()) {
    std::erase(slot.state == SlotState::idle ? idle_ : empty_, index);
  }
  slot.state = SlotState::maintaining;
  return true;
}

std::optional<SlotIndex> LeaseCore::claim_empty() {
  if (empty_.empty()) return std::nullopt;
  const auto slot = empty_.back();
  empty_.pop_back();
  slots_[slot].state = SlotState::maintaining;
  return slot;
}

std::optional<SlotIndex> LeaseCore::least_recently_used_idle() const {
  const auto oldest = std::ranges::min_element(
      idle_, {}, [this](SlotIndex slot) { return slots_[slot].last_traffic; });
  if (oldest == idle_.end()) return std::nullopt;
  return *oldest;
}

std::vector<SlotIndex> LeaseCore::all_idle() const {
  auto all = idle_;
  for (auto slot = request_slots_; slot < probe_slot(); ++slot) {
    if (slots_[slot].state == SlotState::idle) all.push_back(slot);
  }
  return all;
}

void LeaseCore::return_claimed(SlotIndex index, bool connected, SteadyTime now) {
  auto& slot = slots_[index];
  slot.state = connected ? SlotState::idle : SlotState::empty;
  slot.connected = connected;
  slot.last_traffic = now;
  if (index == probe_slot()) return;
  if (is_stream_slot(index)) {
    stream_free_.push_back(index);
    return;
  }
  // To the front, where the longest unused are: a probe is no use by a caller.
  if (connected) {
    idle_.insert(idle_.begin(), index);
  } else {
    empty_.push_back(index);
  }
  dispatch(now);
}

void LeaseCore::record_connected(SlotIndex index, SteadyTime now) {
  auto& slot = slots_[index];
  slot.generation = generation_;
  slot.last_used = now;
  slot.uses = 0;
  slot.expires = SteadyTime::max();
  if (options_.max_lifetime.count() == 0) return;
  std::uniform_real_distribution part(1.0 - options_.tuning.lifetime_jitter, 1.0);
  const std::chrono::duration<double, std::milli> lifetime =
      std::chrono::duration<double, std::milli>(options_.max_lifetime) * part(random_);
  slot.expires = now + std::chrono::duration_cast<std::chrono::nanoseconds>(lifetime);
}

bool LeaseCore::head_is_due(SteadyTime now) const noexcept {
  return head_ != nullptr && !overloaded(now) &&
         now - head_->holder.since >= options_.tuning.handoff_threshold;
}

SlotIndex LeaseCore::take_free(const Holder& holder, SteadyTime now) {
  SlotIndex slot = 0;
  if (!idle_.empty()) {
    const auto position = choose_idle();
    slot = idle_[position];
    idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(position));
  } else {
    slot = empty_.back();
    empty_.pop_back();
  }
  lend(slot, holder, now);
  recent_peak_ = std::max(recent_peak_, ++leased_);
  peak_ = std::max(peak_, leased_);
  return slot;
}

/// The position in `idle_` that the balancing chooses.
std::size_t LeaseCore::choose_idle() {
  switch (options_.balancing) {
    case config::Balancing::lifo:
      break;
    case config::Balancing::round_robin: {
      // The next index after the last one, and from the beginning again.
      const auto distance = [this](SlotIndex slot) {
        return (slot + request_slots_ - last_round_robin_ - 1) % request_slots_;
      };
      const auto next = std::ranges::min_element(idle_, {}, distance);
      last_round_robin_ = *next;
      return static_cast<std::size_t>(next - idle_.begin());
    }
    case config::Balancing::least_used: {
      const auto least =
          std::ranges::min_element(idle_, {}, [this](SlotIndex slot) { return slots_[slot].uses; });
      return static_cast<std::size_t>(least - idle_.begin());
    }
    case config::Balancing::random:
      return std::uniform_int_distribution<std::size_t>(0, idle_.size() - 1)(random_);
  }
  return idle_.size() - 1;
}

void LeaseCore::lend(SlotIndex index, const Holder& holder, SteadyTime now) {
  auto& slot = slots_[index];
  slot.state = SlotState::leased;
  ++slot.uses;
  slot.holder = holder;
  slot.holder.since = now;
}

WaiterCondition LeaseCore::hand_to_head(SteadyTime now) {
  auto& waiter = *head_;
  unlink(waiter);
  waiter.granted = take_free(waiter.holder, now);
  ++handed_off_;
  return waiter.condition;
}

/// Drops heads that would get a slot too late to use it. They are not notified: their deadline is
/// close and wakes them.
void LeaseCore::evict_expired(SteadyTime now) {
  while (head_ != nullptr && head_->deadline - now < options_.tuning.grant_margin) {
    auto& waiter = *head_;
    unlink(waiter);
    waiter.failed = model::AcquireFailure::timeout;
    ++evicted_;
  }
}

void LeaseCore::push_back(Waiter& waiter) noexcept {
  waiter.queued = true;
  waiter.previous = tail_;
  waiter.next = nullptr;
  (tail_ != nullptr ? tail_->next : head_) = &waiter;
  tail_ = &waiter;
  ++waiting_;
}

void LeaseCore::unlink(Waiter& waiter) noexcept {
  (waiter.previous != nullptr ? waiter.previous->next : head_) = waiter.next;
  (waiter.next != nullptr ? waiter.next->previous : tail_) = waiter.previous;
  waiter.previous = waiter.next = nullptr;
  waiter.queued = false;
  --waiting_;
}

}  // namespace tidegauge::pool
