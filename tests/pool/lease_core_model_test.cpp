// Random actions on a LeaseCore and a clock. The invariants of a pool are checked after each
// action. RC_PARAMS sets their number (see tests/CMakeLists.txt). RapidCheck prints the seed that
// repeats a failure.

#include <rapidcheck.h>

#include <algorithm>
#include <list>
#include <set>

#include "support/catch.h"
#include "tidegauge/pool/lease_core.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using pool::LeaseCore;
using pool::SlotIndex;
using pool::SlotState;
using pool::Waiter;

namespace {

enum class Kind : std::uint8_t { pass, ask, wake, cancel, release, claim, put_back, limit, fail };

struct Action {
  Kind kind = Kind::pass;
  std::uint32_t choice = 0;  ///< selects one of the objects that the action may be about
};

class Machine {
 public:
  explicit Machine(std::uint32_t slots)
      : options_{.max_connections = slots, .tuning = {.max_waiters = 6}}, core_(options_, 0, 1) {}

  void apply(const Action& action) {
    switch (action.kind) {
      case Kind::pass:
        now_ += std::chrono::microseconds(action.choice % 1500);
        break;
      case Kind::ask:
        ask(std::chrono::microseconds(action.choice % 8000));
        break;
      case Kind::wake:
        if (!callers_.empty()) wake(pick(callers_, action.choice));
        break;
      case Kind::cancel:
        if (!callers_.empty()) leave(pick(callers_, action.choice));
        break;
      case Kind::release:
        if (!held_.empty()) release(pick(held_, action.choice), action.choice % 5 != 0);
        break;
      case Kind::claim:
        claim(action.choice);
        break;
      case Kind::put_back:
        if (!claimed_.empty()) put_back(pick(claimed_, action.choice), action.choice % 3 != 0);
        break;
      case Kind::limit:
        limit_ = 1 + action.choice % options_.max_connections;
        core_.limit_leases(limit_);
        core_.dispatch(now_);
        break;
      case Kind::fail:
        if (action.choice % 20 == 0) core_.fail_waiters(model::AcquireFailure::down);
        break;
    }
    record_grants();
    check_invariants();
  }

  /// Lets all woken waiters run while the clock stands still. Then nobody waits beside a free slot.
  void check_quiescence() {
    core_.dispatch(now_);
    record_grants();
    for (bool again = true; again;) {
      again = false;
      for (auto caller = callers_.begin(); caller != callers_.end();) {
        const auto current = caller++;
        if (current->notified || current->granted || current->failed) {
          wake(current);
          record_grants();
          again = true;
        }
      }
    }
    const bool free = core_.leased() < limit_ && (!core_.idle().empty() || !core_.empty().empty());
    RC_ASSERT(!free || core_.waiting() == 0);
  }

 private:
  template <class List>
  static typename List::iterator pick(List& list, std::uint32_t choice) {
    return std::next(list.begin(), static_cast<std::ptrdiff_t>(choice % list.size()));
  }

  void ask(std::chrono::microseconds patience) {
    const auto* const head = core_.head();
    const bool head_due = head != nullptr && !core_.overloaded(now_) &&
                          now_ - head->holder.since >= options_.tuning.handoff_threshold;
    const bool head_late = head != nullptr && head->deadline - now_ < options_.tuning.grant_margin;
    auto& waiter = callers_.emplace_back();
    waiter.holder = pool::make_holder({}, std::source_location::current(), now_);
    waiter.deadline = now_ + patience;
    const auto outcome = core_.take_or_queue(waiter, now_);
    if (outcome == LeaseCore::Outcome::taken) {
      // I6: the caller has not overtaken a head past the threshold that can still be served.
      RC_ASSERT(!head_due || head_late || core_.head() == nullptr || core_.head() != head);
      take(std::prev(callers_.end()));
    } else if (outcome == LeaseCore::Outcome::queue_full) {
      RC_ASSERT(core_.waiting() == options_.tuning.max_waiters);
      callers_.pop_back();
    }
  }

  /// What a thread does that returns from its wait.
  void wake(std::list<Waiter>::iterator caller) {
    const bool settled = core_.settle(*caller, now_);
    if (caller->failed || now_ >= caller->deadline) {
      leave(caller);
    } else if (settled) {
      take(caller);
    }
  }

  void leave(std::list<Waiter>::iterator caller) {
    core_.leave(*caller, now_);
    granted_.erase(&*caller);
    RC_ASSERT(!caller->queued);
    record_grants();
    callers_.erase(caller);
  }

  void take(std::list<Waiter>::iterator caller) {
    held_.push_back(*caller->granted);
    granted_.erase(&*caller);
    callers_.erase(caller);
  }

  void release(std::vector<SlotIndex>::iterator held, bool connected) {
    const auto slot = *held;
    held_.erase(held);
    static_cast<void>(core_.release(slot, connected, now_));
  }

  void claim(std::uint32_t choice) {
    if (choice % 2 == 0) {
      if (const auto slot = core_.claim_empty()) claimed_.push_back(*slot);
    } else if (const auto slot = core_.least_recently_used_idle()) {
      RC_ASSERT(core_.claim(*slot));
      claimed_.push_back(*slot);
    }
  }

  void put_back(std::vector<SlotIndex>::iterator claimed, bool connected) {
    const auto slot = *claimed;
    claimed_.erase(claimed);
    core_.return_claimed(slot, connected, now_);
  }

  /// I5: a waiter that is granted a slot has time left to use it.
  void record_grants() {
    for (const auto& caller : callers_) {
      if (caller.granted && granted_.insert(&caller).second) {
        RC_ASSERT(caller.deadline - now_ >= options_.tuning.grant_margin);
      }
    }
  }

  void check_invariants() const {
    // I1, I2: every slot is in exactly one place.
    std::multiset<SlotIndex> places(core_.idle().begin(), core_.idle().end());
    places.insert(core_.empty().begin(), core_.empty().end());
    places.insert(held_.begin(), held_.end());
    places.insert(claimed_.begin(), claimed_.end());
    std::size_t granted = 0;
    for (const auto& caller : callers_) {
      if (!caller.granted) continue;
      ++granted;
      places.insert(*caller.granted);
    }
    RC_ASSERT(places.size() == options_.max_connections);
    for (SlotIndex slot = 0; slot < options_.max_connections; ++slot) {
      RC_ASSERT(places.count(slot) == 1U);
    }
    for (const auto slot : core_.idle()) RC_ASSERT(core_.slots()[slot].state == SlotState::idle);
    for (const auto slot : held_) RC_ASSERT(core_.slots()[slot].state == SlotState::leased);
    // I3, I11: the slots that are lent are those that callers hold.
    RC_ASSERT(core_.leased() == held_.size() + granted);
    RC_ASSERT(core_.waiting() <= options_.tuning.max_waiters);
    // I4: while a slot is free, the head of the queue was woken.
    const bool free = core_.leased() < limit_ && (!core_.idle().empty() || !core_.empty().empty());
    if (const auto* const head = core_.head(); free && head != nullptr) RC_ASSERT(head->notified);
  }

  config::PoolConfig options_;
  LeaseCore core_;
  SteadyTime now_ = SteadyTime{} + 1h;
  std::uint32_t limit_ = options_.max_connections;
  std::list<Waiter> callers_;  // callers that wait
  std::vector<SlotIndex> held_;
  std::vector<SlotIndex> claimed_;
  std::set<const Waiter*> granted_;  // waiters whose grant was checked
};

}  // namespace

namespace {

/// An action is coded as a number, which RapidCheck generates and shrinks fast.
Action action_of(std::uint32_t number) {
  constexpr std::array<Kind, 15> weighted{Kind::pass,  Kind::pass,     Kind::ask,     Kind::ask,
                                          Kind::ask,   Kind::ask,      Kind::wake,    Kind::wake,
                                          Kind::wake,  Kind::release,  Kind::release, Kind::release,
                                          Kind::claim, Kind::put_back, Kind::cancel};
  constexpr std::uint32_t rare = 40;
  if (number % rare == 0) return {.kind = Kind::limit, .choice = number / rare};
  if (number % rare == 1) return {.kind = Kind::fail, .choice = number / rare};
  return {.kind = weighted.at(number % weighted.size()), .choice = number / rare};
}

}  // namespace

TEST_CASE("a pool's invariants hold in every order of actions") {
  const bool held = rc::check([](const std::vector<std::uint32_t>& numbers) {
    Machine machine(1 + static_cast<std::uint32_t>(numbers.size()) % 4);
    for (const auto number : numbers) machine.apply(action_of(number));
    machine.check_quiescence();
  });
  REQUIRE(held);
}
