#pragma once

// Who holds which slot, and who waits for one: the bookkeeping of a ConnectionPool, without
// threads, sockets or a clock, so that tests can drive it through every order of events.
//
// A slot is a permit to have one connection open. Slots 0 .. max_connections-1 are lent to callers;
// `stream_slots` more to streams; the last one is the prober's own and never lent.
//
// Not thread-safe: ConnectionPool calls it under its mutex. No I/O, and no allocation after
// construction.

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

/// What a connection is borrowed for.
struct CallTag {
  model::CallClass call_class = model::CallClass::call;
  std::string_view key;  ///< the container that the call is about; empty: none
  /// It takes as long as the container is large: neither does it put it in quarantine, nor is it
  /// refused for that.
  bool takes_long = false;
};

/// The entry of the ledger: who holds a slot, since when, and for what.
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
  maintaining,  ///< being connected, pinged or closed by maintenance
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

/// What a waiting thread sleeps on. Its own, for all its waits; shared, so that it can be rung
/// after the mutex is let go, when the waiter may have woken by itself and be gone. A late ring is
/// a spurious wake-up, no more.
using WaiterCondition = std::shared_ptr<std::condition_variable>;

/// A caller in the queue. Lives on the stack of the waiting thread, linked until it leaves.
struct Waiter {
  Holder holder;  ///< since: when it began to wait
  SteadyTime deadline{};
  std::optional<SlotIndex> granted;
  std::optional<model::AcquireFailure> failed;
  bool notified = false;  ///< has been woken to look for a free slot, and has not looked yet
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
  /// Takes a free slot, or joins the queue: one step, so that no release falls between the two.
  /// `waiter.granted` is set where taken.
  Outcome take_or_queue(Waiter& waiter, SteadyTime now);
  /// What a woken waiter does: whether it is done, with a slot or a failure. If not, it waits on.
  bool settle(Waiter& waiter, SteadyTime now);
  /// A waiter that gives up. Passes on the wake-up, or the slot, that was meant for it.
  void leave(Waiter& waiter, SteadyTime now);

  /// A slot for a stream, or nothing where all are taken.
  std::optional<SlotIndex> take_for_stream(const Holder& holder, SteadyTime now);

  /// `connected`: it has a socket that may be used again. Returns whose bell to ring, if anyone's:
  /// who is woken under the mutex would run into it.
  [[nodiscard]] WaiterCondition release(SlotIndex slot, bool connected, SteadyTime now);

  /// Gives free slots to those who wait, and rings. Called whenever capacity may have grown.
  void dispatch(SteadyTime now) { notify(serve_queue(now)); }
  /// Every waiter gets this answer now.
  void fail_waiters(model::AcquireFailure reason);

  /// No more than this many slots of callers lent at the same time, for now.
  void limit_leases(std::uint32_t limit) noexcept { lease_limit_ = limit; }

  // --- maintenance -----------------------------------------------------------------------------

  /// Takes a free slot out of circulation: this one, or the one meant by the name.
  bool claim(SlotIndex slot);
  std::optional<SlotIndex> claim_empty();
  [[nodiscard]] std::optional<SlotIndex> least_recently_used_idle() const;
  /// Puts a claimed slot back. `last_used` stays: a ping is no use.
  void return_claimed(SlotIndex slot, bool connected, SteadyTime now);
  /// A slot's socket was opened: its lifetime is drawn now, once.
  void record_connected(SlotIndex slot, SteadyTime now);

  /// The sockets opened so far belong to an Engine that is gone.
  void new_generation() noexcept { ++generation_; }
  [[nodiscard]] bool outdated(const Slot& slot) const noexcept {
    return slot.generation != generation_;
  }

  // --- what there is ---------------------------------------------------------------------------

  [[nodiscard]] std::vector<Slot>& slots() noexcept { return slots_; }
  [[nodiscard]] const std::vector<Slot>& slots() const noexcept { return slots_; }
  [[nodiscard]] SlotIndex request_slots() const noexcept { return request_slots_; }
  [[nodiscard]] SlotIndex probe_slot() const noexcept {
    return static_cast<SlotIndex>(slots_.size() - 1);
  }
  [[nodiscard]] bool is_stream_slot(SlotIndex slot) const noexcept {
    return slot >= request_slots_ && slot != probe_slot();
  }
  /// Callers' slots with a free socket.
  [[nodiscard]] const std::vector<SlotIndex>& idle() const noexcept { return idle_; }
  /// The same, and streams' slots whose last stream left its socket in order.
  [[nodiscard]] std::vector<SlotIndex> all_idle() const;
  [[nodiscard]] const std::vector<SlotIndex>& empty() const noexcept { return empty_; }
  [[nodiscard]] std::uint32_t leased() const noexcept { return leased_; }
  [[nodiscard]] std::uint32_t peak() const noexcept { return peak_; }
  /// The peak since this was last called.
  std::uint32_t take_recent_peak() noexcept { return std::exchange(recent_peak_, leased_); }
  [[nodiscard]] std::uint32_t waiting() const noexcept { return waiting_; }
  /// More ask than the queue can hold: then whoever is running takes a free slot, whatever the age
  /// of the head. Handing slots to threads that must wake first would waste what is too little.
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
