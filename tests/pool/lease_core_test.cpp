#include "tidegauge/pool/lease_core.h"

#include <deque>

#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using config::Balancing;
using model::AcquireFailure;
using pool::LeaseCore;
using pool::SlotIndex;
using pool::Waiter;

namespace {

/// A LeaseCore, a clock and callers.
class Scene {
 public:
  explicit Scene(std::uint32_t slots, Balancing balancing = Balancing::lifo,
                 std::uint32_t max_waiters = 64)
      : options_{.max_connections = slots,
                 .balancing = balancing,
                 .tuning = {.max_waiters = max_waiters}},
        core_(options_, 2, 1) {}

  void pass(std::chrono::nanoseconds time) { now_ += time; }
  [[nodiscard]] SteadyTime now() const { return now_; }
  LeaseCore& core() { return core_; }

  /// A new caller; its waiter has the outcome.
  Waiter& ask(std::chrono::nanoseconds patience = 5s) {
    auto& waiter = waiters_.emplace_back();
    waiter.holder = pool::make_holder({}, std::source_location::current(), now_);
    waiter.deadline = now_ + patience;
    outcome_ = core_.take_or_queue(waiter, now_);
    return waiter;
  }
  [[nodiscard]] LeaseCore::Outcome outcome() const { return outcome_; }

  /// Takes a slot, which must be free.
  SlotIndex take() {
    const auto& waiter = ask();
    REQUIRE(waiter.granted);
    return *waiter.granted;
  }
  void give_back(SlotIndex slot) { static_cast<void>(core_.release(slot, true, now_)); }

 private:
  config::PoolConfig options_;
  LeaseCore core_;
  SteadyTime now_ = SteadyTime{} + 1h;
  std::deque<Waiter> waiters_;
  LeaseCore::Outcome outcome_{};
};

}  // namespace

TEST_CASE("a free slot is taken at once, and no slot is taken twice") {
  Scene scene(2);
  CHECK(scene.take() != scene.take());
  scene.ask();
  CHECK(scene.outcome() == LeaseCore::Outcome::queued);
  CHECK(scene.core().waiting() == 1);
  CHECK(scene.core().peak() == 2);
}

TEST_CASE("a waiter that wakes after its deadline leaves the free slot to the next one") {
  Scene scene(1);
  const auto slot = scene.take();
  auto& late = scene.ask(10ms);
  auto& next = scene.ask();
  scene.give_back(slot);  // notifies the first, which wakes too late
  REQUIRE(late.notified);
  scene.pass(10ms);
  CHECK_FALSE(scene.core().settle(late, scene.now()));
  CHECK_FALSE(late.granted);
  scene.core().leave(late, scene.now());
  CHECK(scene.core().settle(next, scene.now()));
  CHECK(next.granted == slot);
}

TEST_CASE("the uses of a slot begin at zero with each socket") {
  Scene scene(1);
  const auto slot = scene.take();
  scene.give_back(slot);
  scene.take();
  CHECK(scene.core().slots()[slot].uses == 2);
  scene.core().record_connected(slot, scene.now());
  CHECK(scene.core().slots()[slot].uses == 0);
}

TEST_CASE("the queue is bounded") {
  Scene scene(1, Balancing::lifo, 2);
  scene.take();
  scene.ask();
  scene.ask();
  CHECK(scene.outcome() == LeaseCore::Outcome::queued);
  scene.ask();
  CHECK(scene.outcome() == LeaseCore::Outcome::queue_full);
}

TEST_CASE("while the queue is full, a running caller takes a free slot before the head") {
  Scene scene(1, Balancing::lifo, 1);
  const auto slot = scene.take();
  auto& head = scene.ask();
  scene.ask();
  REQUIRE(scene.outcome() == LeaseCore::Outcome::queue_full);
  scene.pass(2ms);
  scene.give_back(slot);
  CHECK(head.notified);  // it was woken, but no slot is reserved for it
  CHECK_FALSE(head.granted);
  CHECK(scene.ask().granted == slot);

  scene.pass(10ms);  // nobody was refused in the meantime
  scene.give_back(slot);
  CHECK(head.granted == slot);
}

TEST_CASE("expired waiters make room in a full queue") {
  Scene scene(1, Balancing::lifo, 1);
  scene.take();
  const auto& expired = scene.ask(5ms);
  scene.pass(5ms);
  scene.ask();
  CHECK(scene.outcome() == LeaseCore::Outcome::queued);
  CHECK(expired.failed == AcquireFailure::timeout);
  CHECK(scene.core().evicted() == 1);
}

TEST_CASE("a released slot is handed to the head that has waited past the threshold") {
  Scene scene(1);
  const auto slot = scene.take();
  const auto& first = scene.ask();
  const auto& second = scene.ask();
  scene.pass(1ms);
  scene.give_back(slot);
  CHECK(first.granted == slot);
  CHECK_FALSE(second.granted);
  CHECK(scene.core().handed_off() == 1);
}

TEST_CASE("a newcomer may overtake a young head, but not one past the threshold") {
  Scene scene(1);
  auto slot = scene.take();
  auto& head = scene.ask();
  scene.give_back(slot);
  CHECK(head.notified);
  slot = scene.take();
  CHECK(scene.core().barged() == 1);

  CHECK_FALSE(scene.core().settle(head, scene.now()));
  scene.give_back(slot);
  scene.pass(1ms);
  const auto& newcomer = scene.ask();
  CHECK(head.granted == slot);
  CHECK_FALSE(newcomer.granted);
}

TEST_CASE("a woken head finds the slot itself, once") {
  Scene scene(1);
  const auto slot = scene.take();
  auto& head = scene.ask();
  scene.give_back(slot);
  CHECK(scene.core().settle(head, scene.now()));
  CHECK(head.granted == slot);
  CHECK(scene.core().waiting() == 0);
}

TEST_CASE("a head that leaves passes its wake-up on") {
  Scene scene(1);
  const auto slot = scene.take();
  auto& first = scene.ask();
  auto& second = scene.ask();
  scene.give_back(slot);
  REQUIRE(first.notified);
  scene.core().leave(first, scene.now());
  CHECK(second.notified);
  CHECK(scene.core().settle(second, scene.now()));
}

TEST_CASE("a slot granted to a waiter that leaves goes to the next") {
  Scene scene(1);
  const auto slot = scene.take();
  auto& first = scene.ask();
  const auto& second = scene.ask();
  scene.pass(2ms);
  scene.give_back(slot);
  REQUIRE(first.granted);
  scene.core().leave(first, scene.now());
  CHECK(second.granted == slot);
}

TEST_CASE("no waiter gets a slot too late to use it") {
  Scene scene(1);
  const auto slot = scene.take();
  const auto& late = scene.ask(5ms);
  const auto& patient = scene.ask();
  scene.pass(4500us);  // the first has less than grant_margin left
  scene.give_back(slot);
  CHECK(late.failed == AcquireFailure::timeout);
  CHECK(patient.granted == slot);
}

TEST_CASE("all waiters can fail at once with the same reason") {
  Scene scene(1);
  scene.take();
  const auto& first = scene.ask();
  const auto& second = scene.ask();
  scene.core().fail_waiters(AcquireFailure::down);
  CHECK(first.failed == AcquireFailure::down);
  CHECK(second.failed == AcquireFailure::down);
  CHECK(scene.core().waiting() == 0);
}

TEST_CASE("a limit keeps leases below the number of slots until it is lifted") {
  Scene scene(4);
  scene.core().limit_leases(1);
  scene.take();
  const auto& waiter = scene.ask();
  CHECK_FALSE(waiter.granted);
  scene.pass(1ms);
  scene.core().limit_leases(4);
  scene.core().dispatch(scene.now());
  CHECK(waiter.granted);
}

TEST_CASE("streams have slots of their own") {
  Scene scene(1);
  scene.take();
  const auto holder = pool::make_holder({}, std::source_location::current(), scene.now());
  const auto first = scene.core().take_for_stream(holder, scene.now());
  REQUIRE(first);
  CHECK(scene.core().take_for_stream(holder, scene.now()));
  CHECK_FALSE(scene.core().take_for_stream(holder, scene.now()));
  static_cast<void>(scene.core().release(*first, false, scene.now()));
  CHECK(scene.core().take_for_stream(holder, scene.now()) == first);
  CHECK(scene.core().leased() == 1);
}

TEST_CASE("a slot that maintenance has claimed is not lent") {
  Scene scene(1);
  const auto slot = scene.core().claim_empty();
  REQUIRE(slot);
  const auto& waiter = scene.ask();
  CHECK_FALSE(waiter.granted);
  scene.pass(1ms);
  scene.core().return_claimed(*slot, true, scene.now());
  CHECK(waiter.granted == slot);
}

// --- strategies ----------------------------------------------------------------------------------

namespace {

/// The slots that ten callers get from three idle ones, one after another.
std::vector<SlotIndex> ten_in_a_row(Scene& scene) {
  for (const auto slot : {scene.take(), scene.take(), scene.take()}) scene.give_back(slot);
  std::vector<SlotIndex> taken;
  for (int i = 0; i < 10; ++i) {
    taken.push_back(scene.take());
    scene.give_back(taken.back());
  }
  return taken;
}

}  // namespace

TEST_CASE("lifo uses the connection that was used last") {
  Scene scene(3);
  CHECK(ten_in_a_row(scene) == std::vector<SlotIndex>(10, 2));
}

TEST_CASE("lifo lends the connection that a caller used last, also after a ping on another") {
  Scene scene(3);
  for (const auto slot : {scene.take(), scene.take(), scene.take()}) {
    scene.pass(1s);
    scene.give_back(slot);
  }
  const auto oldest = scene.core().least_recently_used_idle();
  REQUIRE(oldest == 0);
  REQUIRE(scene.core().claim(*oldest));
  scene.core().return_claimed(*oldest, true, scene.now());
  CHECK(scene.take() == 2);
  CHECK(scene.take() == 1);
  CHECK(scene.take() == 0);
}

TEST_CASE("round_robin uses each in turn") {
  Scene scene(3, Balancing::round_robin);
  const auto taken = ten_in_a_row(scene);
  for (std::size_t i = 1; i < taken.size(); ++i) CHECK(taken[i] == (taken[i - 1] + 1) % 3);
}

TEST_CASE("least_used lends the connection with the fewest uses") {
  Scene scene(3, Balancing::least_used);
  ten_in_a_row(scene);
  const auto& slots = scene.core().slots();
  for (SlotIndex slot = 0; slot < 3; ++slot) {
    CHECK(slots[slot].uses >= 4);
    CHECK(slots[slot].uses <= 5);
  }
}

TEST_CASE("random lends every connection") {
  Scene scene(3, Balancing::random);
  std::array<int, 3> uses{};
  for (int i = 0; i < 20; ++i) {
    for (const auto slot : ten_in_a_row(scene)) ++uses.at(slot);
  }
  for (const auto count : uses) CHECK(count > 20);
}

TEST_CASE("a socket's lifetime is drawn once, with jitter, when it is opened") {
  const config::PoolConfig options{.max_connections = 8, .max_lifetime = 100s};
  LeaseCore core(options, 0, 1);
  const SteadyTime now = SteadyTime{} + 1h;
  auto shortest = SteadyTime::max();
  auto longest = SteadyTime::min();
  for (SlotIndex slot = 0; slot < 8; ++slot) {
    core.record_connected(slot, now);
    shortest = std::min(shortest, core.slots()[slot].expires);
    longest = std::max(longest, core.slots()[slot].expires);
  }
  CHECK(shortest >= now + 90s);
  CHECK(longest <= now + 100s);
  CHECK(longest - shortest > 1s);
}
