#pragma once

// Which caller holds which slot, and which callers wait: the bookkeeping of a ConnectionPool,
// without threads, sockets or a clock, so that tests can run it through every order of events.
//
// A slot is a permit to have one connection open. Slots 0 to max_connections-1 are lent to callers,
// the next `stream_slots` to streams. The last slot is for probes and is never lent.
//
// Not thread-safe: PoolState calls it under its mutex. It does no I/O. What callers use does not
// allocate; `all_idle`, for maintenance, does.

#include <array>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <source_location>
#include <string_view>
#include <utility>
#include <vector>

#include "tidegauge/config/config.h"
#include "tidegauge/model/pool_stats.h"
#include "tidegauge/util/time.h"

namespace tidegauge::pool {

using SlotIndex = std::uint32_t;

/// What a connection is acquired for.
struct CallTag {
  model::CallClass call_class = model::CallClass::call;
  std::string_view key;  ///< the container that the call is about; empty: none
  /// The call takes longer the larger the container is. It neither puts its container in quarantine
  /// nor is it refused because of a quarantine.
  bool takes_long = false;
};

/// Who holds a slot, since when, and for what.
struct Holder {
  std::source_location place;
  std::int32_t thread = 0;  ///< kernel thread id
  model::CallClass call_class = model::CallClass::call;
  std::array<char, 64> key{};  ///< zero-padded
  bool takes_long = false;
  SteadyTime since{};

  [[nodiscard]] std::string_view key_text() const noexcept;
  /// The container whose quarantine depends on the outcome; empty: none.
  [[nodiscard]] std::string_view quarantine_key() const noexcept;
};
[[nodiscard]] Holder make_holder(const CallTag& tag, const std::source_location& place,
                                 SteadyTime now) noexcept;

enum class SlotState : std::uint8_t {
  empty,        ///< free, no socket
  idle,         ///< free, with a socket
  leased,       ///< lent to a caller or a stream
  maintaining,  ///< being connected, probed or closed by maintenance
};

[[nodiscard]] std::string_view to_string(SlotState state) noexcept;

struct Slot {
  SlotState state = SlotState::empty;
  bool connected = false;  ///< as its last holder left it
  bool leak_reported = false;
  std::uint32_t generation = 0;  ///< of the pool when the socket was opened
  std::uint64_t uses = 0;
  SteadyTime expires = SteadyTime::max();  ///< end of the socket's lifetime
  SteadyTime last_used{};                  ///< by a caller
  SteadyTime last_traffic{};               ///< by a caller or a ping
  Holder holder;                           ///< while leased
};

/// What a waiting thread sleeps on. Each thread has one for all its waits. The pointer is shared,
/// so that another thread can notify it after it has released the mutex, when the waiter may have
/// left and its thread may have ended. A late notification is a spurious wake-up.
using WaiterCondition = std::shared_ptr<std::condition_variable>;

/// A caller in the queue. It is on the stack of the waiting thread, and linked until it leaves.
struct Waiter {
  Holder holder;  ///< since: when it began to wait
  SteadyTime deadline{};
  std::optional<SlotIndex> granted;
  std::optional<model::AcquireFailure> failed;
  bool notified = false;  ///< was woken to take a free slot, and has not run yet
  bool queued = false;
  Waiter* previous = nullptr;
  Waiter* next = nullptr;
  WaiterCondition condition;  ///< since it was queued
};

class LeaseCore {
 public:
  /// `options` outlives this.
  LeaseCore(const config::PoolConfig& options, SlotIndex stream_slots, std::uint32_t seed);

  // --- callers ---------------------------------------------------------------------------------

  enum class Outcome : std::uint8_t { taken, queued, queue_full };
  /// Takes a free slot or joins the queue, in one step, so that no release falls between the two.
  /// `waiter.granted` is set if a slot was taken.
  Outcome take_or_queue(Waiter& waiter, SteadyTime now);
  /// For a waiter that was woken: whether it has a slot or a failure. Otherwise it waits again.
  bool settle(Waiter& waiter, SteadyTime now);
  /// A waiter gives up. The slot or the wake-up that it was given goes to the next waiter.
  void leave(Waiter& waiter, SteadyTime now);

  /// A slot for a stream; absent where all are taken.
  std::optional<SlotIndex> take_for_stream(const Holder& holder, SteadyTime now);

  /// `connected`: the slot has a socket that may be used again. Returns the condition that the
  /// caller notifies after it has released the mutex (null: none); a thread that is woken under the
  /// mutex would only wait for it.
  [[nodiscard]] WaiterCondition release(SlotIndex slot, bool connected, SteadyTime now);

  /// Gives free slots to waiters and notifies them. Called whenever capacity may have grown.
  void dispatch(SteadyTime now) { notify(serve_queue(now)); }
  /// All waiters leave the queue with this failure.
  void fail_waiters(model::AcquireFailure reason);

  /// Sets how many slots may be lent to callers at the same time.
  void limit_leases(std::uint32_t limit) noexcept { lease_limit_ = limit; }

  // --- maintenance -----------------------------------------------------------------------------

  /// Takes a free slot for maintenance. False where it is not free.
  bool claim(SlotIndex slot);
  std::optional<SlotIndex> claim_empty();
  [[nodiscard]] std::optional<SlotIndex> least_recently_used_idle() const;
  /// Returns a claimed slot. `last_used` stays, as a probe is no use by a caller.
  void return_claimed(SlotIndex slot, bool connected, SteadyTime now);
  /// The socket of a slot was opened. Its lifetime is drawn now, once.
  void record_connected(SlotIndex slot, SteadyTime now);

  /// Marks all sockets as outdated: the Engine that they are connected to is gone.
  void new_generation() noexcept { ++generation_; }
  [[nodiscard]] bool outdated(const Slot& slot) const noexcept {
    return slot.generation != generation_;
  }

  // --- state ----------------------------------------------------------------------------------

  [[nodiscard]] std::vector<Slot>& slots() noexcept { return slots_; }
  [[nodiscard]] const std::vector<Slot>& slots() const noexcept { return slots_; }
  [[nodiscard]] SlotIndex request_slots() const noexcept { return request_slots_; }
  [[nodiscard]] SlotIndex probe_slot() const noexcept {
    return static_cast<SlotIndex>(slots_.size() - 1);
  }
  [[nodiscard]] bool is_stream_slot(SlotIndex slot) const noexcept {
    return slot >= request_slots_ && slot != probe_slot();
  }
  /// Free slots of callers that have a socket.
  [[nodiscard]] const std::vector<SlotIndex>& idle() const noexcept { return idle_; }
  /// The same, and free slots of streams that have a socket.
  [[nodiscard]] std::vector<SlotIndex> all_idle() const;
  [[nodiscard]] const std::vector<SlotIndex>& empty() const noexcept { return empty_; }
  [[nodiscard]] std::uint32_t leased() const noexcept { return leased_; }
  [[nodiscard]] std::uint32_t peak() const noexcept { return peak_; }
  /// The most slots lent at the same time since the last call of this.
  std::uint32_t take_recent_peak() noexcept { return std::exchange(recent_peak_, leased_); }
  [[nodiscard]] std::uint32_t waiting() const noexcept { return waiting_; }
  /// The queue was full a moment ago. Then a running caller takes a free slot, however long the
  /// head has waited: a slot that is handed to a sleeping thread is unused until the thread runs.
  [[nodiscard]] bool overloaded(SteadyTime now) const noexcept { return now < overloaded_until_; }
  [[nodiscard]] const Waiter* head() const noexcept { return head_; }
  [[nodiscard]] std::uint64_t barged() const noexcept { return barged_; }
  [[nodiscard]] std::uint64_t handed_off() const noexcept { return handed_off_; }
  [[nodiscard]] std::uint64_t evicted() const noexcept { return evicted_; }

 private:
  [[nodiscard]] bool has_free_slot() const noexcept {
    return leased_ < lease_limit_ && (!idle_.empty() || !empty_.empty());
  }
  [[nodiscard]] bool head_is_due(SteadyTime now) const noexcept;
  [[nodiscard]] WaiterCondition serve_queue(SteadyTime now);
  static void notify(const WaiterCondition& condition);
  SlotIndex take_free(const Holder& holder, SteadyTime now);
  std::size_t choose_idle();
  void lend(SlotIndex slot, const Holder& holder, SteadyTime now);
  [[nodiscard]] WaiterCondition hand_to_head(SteadyTime now);
  void evict_expired(SteadyTime now);
  void push_back(Waiter& waiter) noexcept;
  void unlink(Waiter& waiter) noexcept;

  const config::PoolConfig& options_;
  SlotIndex request_slots_;
  std::vector<Slot> slots_;
  std::vector<SlotIndex> idle_;  ///< most recently released last
  std::vector<SlotIndex> empty_;
  std::vector<SlotIndex> stream_free_;
  Waiter* head_ = nullptr;
  Waiter* tail_ = nullptr;
  std::uint32_t waiting_ = 0;
  std::uint32_t leased_ = 0;
  std::uint32_t peak_ = 0;
  std::uint32_t recent_peak_ = 0;
  std::uint32_t lease_limit_;
  std::uint32_t generation_ = 0;
  SlotIndex last_round_robin_ = 0;
  SteadyTime overloaded_until_{};
  std::uint64_t barged_ = 0;
  std::uint64_t handed_off_ = 0;
  std::uint64_t evicted_ = 0;
  std::minstd_rand random_;
};

}  // namespace tidegauge::pool
