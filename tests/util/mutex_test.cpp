#include "tidegauge/util/mutex.h"

#include <chrono>
#include <condition_variable>
#include <stop_token>
#include <thread>

#include "support/catch.h"
#include "tidegauge/util/thread_annotations.h"

namespace tidegauge {
namespace {

struct Counter {
  Mutex mutex;
  std::condition_variable changed;
  std::condition_variable_any changed_any;
  int count GUARDED_BY(mutex) = 0;
};

bool is_free(Mutex& mutex) {
  bool free = false;
  std::thread([&] {
    if (!mutex.try_lock()) return;
    free = true;
    mutex.unlock();
  }).join();
  return free;
}

}  // namespace

TEST_CASE("a MutexLock holds the mutex until its scope ends") {
  Mutex mutex;
  {
    const MutexLock lock(mutex);
    CHECK_FALSE(is_free(mutex));
  }
  CHECK(is_free(mutex));
}

TEST_CASE("a MutexLock can unlock its mutex and lock it again") {
  Mutex mutex;
  {
    MutexLock lock(mutex);
    lock.unlock();
    CHECK(is_free(mutex));
    lock.lock();
    CHECK_FALSE(is_free(mutex));
    lock.unlock();
  }
  CHECK(is_free(mutex));
}

TEST_CASE("a MutexLock waits on both condition variables, and holds the mutex afterwards") {
  Counter counter;
  const std::jthread adder([&] {
    const MutexLock lock(counter.mutex);
    ++counter.count;
    counter.changed.notify_all();
    counter.changed_any.notify_all();
  });
  SECTION("condition_variable") {
    MutexLock lock(counter.mutex);
    while (counter.count == 0) counter.changed.wait(lock.native());
    CHECK(counter.count == 1);
    CHECK_FALSE(is_free(counter.mutex));
  }
  SECTION("condition_variable_any") {
    MutexLock lock(counter.mutex);
    CHECK(counter.changed_any.wait(lock, std::stop_token{},
                                   [&]() REQUIRES(counter.mutex) { return counter.count > 0; }));
    CHECK_FALSE(is_free(counter.mutex));
  }
}

}  // namespace tidegauge
