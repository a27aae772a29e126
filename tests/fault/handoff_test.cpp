// A slot or a wake-up that was meant for somebody who leaves: the next must not only be entered in
// the books for it, but wake.

#include <condition_variable>
#include <mutex>
#include <thread>

#include "support/catch.h"
#include "support/eventually.h"
#include "tidegauge/pool/lease_core.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using pool::LeaseCore;
using pool::SlotIndex;
using pool::Waiter;

namespace {

/// A slot that is lent, and two threads' worth of callers who wait for it: `first` in the test's
/// own hands, the second in a thread that sleeps on its condition.
class Queue {
 public:
  Queue() {
    Waiter holder;
    enter(holder);
    slot_ = holder.granted.value();
    enter(first_);
  }

  Waiter& first() { return first_; }
  [[nodiscard]] SteadyTime now() const { return now_; }
  void pass(SteadyTime::duration time) { now_ += time; }
  void enter(Waiter& waiter) {
    waiter.holder = pool::make_holder({}, std::source_location::current(), now_);
    waiter.deadline = SteadyTime::max();
    static_cast<void>(core_.take_or_queue(waiter, now_));
  }
  void release() {
    const std::lock_guard lock(mutex_);
    static_cast<void>(core_.release(slot_, true, now_));
  }
  void first_leaves() {
    const std::lock_guard lock(mutex_);
    core_.leave(first_, now_);
  }

  /// What the second does: waits to be notified, and says whether it was.
  bool sleep_until_notified() {
    std::unique_lock lock(mutex_);
    Waiter second;
    enter(second);
    asleep_ = true;
    const auto woken = second.condition->wait_for(lock, 5s) == std::cv_status::no_timeout;
    const bool served = second.granted || core_.settle(second, now_);
    if (second.queued) core_.leave(second, now_);
    return woken && served;
  }
  [[nodiscard]] bool is_asleep() {
    const std::lock_guard lock(mutex_);  // which the second lets go when it sleeps
    return asleep_;
  }

 private:
  config::PoolConfig options_{.max_connections = 1};
  LeaseCore core_{options_, 0, 1};
  SteadyTime now_ = SteadyTime{} + 1h;
  std::mutex mutex_;
  Waiter first_;
  SlotIndex slot_ = 0;
  bool asleep_ = false;
};

}  // namespace

TEST_CASE("a head that leaves with a slot or a wake-up wakes the next waiter") {
  const auto age = GENERATE(0ms, 2ms);  // too young to be handed the slot, and not
  Queue queue;
  std::atomic<bool> notified = false;
  std::jthread second([&] { notified = queue.sleep_until_notified(); });
  REQUIRE(test::eventually([&] { return queue.is_asleep(); }));
  queue.pass(age);
  queue.release();
  CHECK(queue.first().granted.has_value() == (age > 1ms));
  queue.first_leaves();
  second.join();
  CHECK(notified);
}
