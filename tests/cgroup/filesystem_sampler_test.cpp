#include "tidegauge/cgroup/filesystem_sampler.h"

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "support/catch.h"
#include "support/eventually.h"
#include "support/nothing_left_behind.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using cgroup::FilesystemSampler;
using test::eventually;
using NoAnswer = FilesystemSampler::NoAnswer;

namespace {

/// File systems that answer with their number of calls so far, or hang until they are released.
class FileSystems {
 public:
  void hang(const std::string& path) {
    const std::lock_guard lock(state_->mutex);
    state_->hanging.insert(path);
  }
  void release(const std::string& path) {
    {
      const std::lock_guard lock(state_->mutex);
      state_->hanging.erase(path);
    }
    state_->changed.notify_all();
  }
  [[nodiscard]] std::uint64_t begun(const std::string& path) const {
    const std::lock_guard lock(state_->mutex);
    return state_->begun[path];
  }
  [[nodiscard]] std::uint64_t ended(const std::string& path) const {
    const std::lock_guard lock(state_->mutex);
    return state_->ended[path];
  }
  /// Owns what it uses, as a thread that hangs must.
  [[nodiscard]] FilesystemSampler::Stat stat() const {
    return [state = state_](const std::string& path) -> std::optional<model::FilesystemStats> {
      std::unique_lock lock(state->mutex);
      ++state->begun[path];
      state->changed.wait(lock, [&] { return !state->hanging.contains(path); });
      return model::FilesystemStats{.usage_bytes = ++state->ended[path]};
    };
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::set<std::string> hanging;
    std::map<std::string, std::uint64_t> begun, ended;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

std::uint64_t usage(const FilesystemSampler::Answer& answer) {
  return answer.value().value().usage_bytes;
}

std::size_t threads() {
  return test::running_threads().size();
}

}  // namespace

TEST_CASE("one thread asks all file systems that answer") {
  const test::NothingLeftBehind nothing_left_behind;
  const FileSystems file_systems;
  FilesystemSampler sampler(file_systems.stat(), {.deadline = 1min});
  const auto before = threads();
  CHECK(usage(sampler.sample("/a")) == 1);
  CHECK(usage(sampler.sample("/b")) == 1);
  CHECK(usage(sampler.sample("/a")) == 2);
  CHECK(threads() == before + 1);
}

TEST_CASE("a file system that hangs is asked once, and does not hide the others") {
  const test::NothingLeftBehind nothing_left_behind;
  FileSystems file_systems;
  file_systems.hang("/a");
  FilesystemSampler sampler(file_systems.stat(), {.deadline = 20ms});
  CHECK(sampler.sample("/a").error() == NoAnswer::late);
  REQUIRE(eventually([&] { return file_systems.begun("/a") == 1; }));
  CHECK(eventually([&] { return sampler.sample("/b").has_value(); }));
  const auto before = threads();
  for (int again = 0; again < 10; ++again) {
    CHECK(sampler.sample("/a").error() == NoAnswer::stuck);
    CHECK(eventually([&] { return sampler.sample("/b").has_value(); }));
  }
  CHECK(file_systems.begun("/a") == 1);
  CHECK(threads() <= before + 1);  // "/b" may be late too on a busy machine, and keep one
  file_systems.release("/a");
}

TEST_CASE("a file system that answers again is shown again") {
  const test::NothingLeftBehind nothing_left_behind;
  FileSystems file_systems;
  file_systems.hang("/a");
  FilesystemSampler sampler(file_systems.stat(), {.deadline = 20ms});
  CHECK(sampler.sample("/a").error() == NoAnswer::late);
  REQUIRE(eventually([&] { return file_systems.begun("/a") == 1; }));
  REQUIRE(sampler.sample("/a").error() == NoAnswer::stuck);
  file_systems.release("/a");
  CHECK(eventually([&] { return sampler.sample("/a").has_value(); }));
  // The late answer stands for one sample; then it is asked anew.
  CHECK(eventually([&] {
    const auto answer = sampler.sample("/a");
    return answer && usage(answer) >= 3;
  }));
}

TEST_CASE("a file system that always answers late shows its last answer without a wait") {
  const test::NothingLeftBehind nothing_left_behind;
  FileSystems file_systems;
  file_systems.hang("/a");
  FilesystemSampler sampler(file_systems.stat(), {.deadline = 0ms});  // each answer is late
  CHECK(sampler.sample("/a").error() == NoAnswer::late);
  file_systems.release("/a");
  for (std::uint64_t call = 1; call <= 3; ++call) {
    REQUIRE(eventually([&] { return file_systems.ended("/a") == call; }));
    file_systems.hang("/a");
    FilesystemSampler::Answer answer;
    REQUIRE(eventually([&] { return (answer = sampler.sample("/a")).has_value(); }));
    CHECK(usage(answer) == call);
    CHECK(eventually([&] { return file_systems.begun("/a") == call + 1; }));  // asked again already
    file_systems.release("/a");
  }
}

TEST_CASE("at most four calls hang, and no file system is asked until one of them returns") {
  const test::NothingLeftBehind nothing_left_behind;
  FileSystems file_systems;
  const auto before = threads();
  FilesystemSampler sampler(file_systems.stat(), {.deadline = 20ms, .max_stuck = 2});
  for (const std::string path : {"/a", "/b"}) {
    file_systems.hang(path);
    CHECK(sampler.sample(path).error() == NoAnswer::late);
    REQUIRE(eventually([&] { return file_systems.begun(path) == 1; }));
  }
  CHECK(sampler.sample("/c").error() == NoAnswer::stuck);
  CHECK(file_systems.begun("/c") == 0);
  CHECK(threads() == before + 2);
  file_systems.release("/a");
  CHECK(eventually([&] {
    static_cast<void>(sampler.sample("/a"));  // its thread is free once an answer came in time
    return sampler.sample("/c").has_value();
  }));
  file_systems.release("/b");
}

TEST_CASE("the destructor does not wait for a call that hangs, and its thread ends with the call") {
  const test::NothingLeftBehind nothing_left_behind;
  FileSystems file_systems;
  file_systems.hang("/a");
  const auto before = threads();
  {
    FilesystemSampler sampler(file_systems.stat(), {.deadline = 20ms});
    CHECK_FALSE(sampler.sample("/a"));
    REQUIRE(eventually([&] { return file_systems.begun("/a") == 1; }));
  }
  CHECK(threads() == before + 1);
  file_systems.release("/a");  // nothing_left_behind sees that the thread ends
}

TEST_CASE("an unmounted file system keeps no thread after its call has returned") {
  const test::NothingLeftBehind nothing_left_behind;
  FileSystems file_systems;
  file_systems.hang("/a");
  const auto before = threads();
  FilesystemSampler sampler(file_systems.stat(), {.deadline = 20ms});
  CHECK_FALSE(sampler.sample("/a"));
  REQUIRE(eventually([&] { return file_systems.begun("/a") == 1; }));
  file_systems.release("/a");
  CHECK(eventually([&] {
    sampler.forget_unmounted([](const std::string&) { return false; });
    return threads() == before;
  }));
}

TEST_CASE("a directory has the sizes of its file system, and a missing directory has none") {
  FilesystemSampler sampler;
  CHECK(sampler.sample("/").value().value().limit_bytes > 0U);
  CHECK_FALSE(sampler.sample("/not/there").value());
}
