#include "web/password_checker.h"

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.h"
#include "support/log_capture.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using web::PasswordChecker;
using web::Verdict;

namespace {

constexpr auto limit = 10s;

/// A hash function that waits for the test. The hash of PASSWORD is "$2b$NN$PASSWORD".
class ManualHash {
 public:
  bool make(const std::string& password, const std::string& hash) {
    std::unique_lock lock(mutex_);
    begun_.emplace_back(password, hash);
    changed_.notify_all();
    if (!changed_.wait_for(lock, limit, [this] { return allowed_ > 0; })) return false;
    --allowed_;
    if (password == "throw") throw std::runtime_error("no memory");
    return hash.ends_with("$" + password);
  }

  void allow(int count = 1) {
    const std::lock_guard lock(mutex_);
    allowed_ += count;
    changed_.notify_all();
  }
  /// Waits until so many hashes have begun, in all.
  [[nodiscard]] bool wait_for_begun(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return begun_.size() >= count; });
  }
  [[nodiscard]] std::vector<std::string> passwords() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> all;
    for (const auto& [password, hash] : begun_) all.push_back(password);
    return all;
  }
  [[nodiscard]] std::string last_hash() {
    const std::lock_guard lock(mutex_);
    return begun_.back().second;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<std::string, std::string>> begun_;
  int allowed_ = 0;
};

/// The answers that have come on the checker's thread, by a name that the test gives.
class Answers {
 public:
  [[nodiscard]] PasswordChecker::Done expect(const std::string& name) {
    return [this, name](Verdict verdict) {
      const std::lock_guard lock(mutex_);
      all_[name].push_back(verdict);
      changed_.notify_all();
    };
  }
  /// The one answer.
  [[nodiscard]] Verdict of(const std::string& name) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, limit, [&] { return all_.contains(name); })) {
      throw std::runtime_error("no answer for " + name);
    }
    if (all_[name].size() != 1) throw std::runtime_error("several answers for " + name);
    return all_[name].front();
  }
  [[nodiscard]] std::size_t count() {
    const std::lock_guard lock(mutex_);
    return all_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::vector<Verdict>> all_;
};

struct Scene {
  test::LogCapture log;
  ThreadGuard guard{log.logger()};
  ManualHash hash;
  Answers answers;
  std::atomic<SteadyTime::rep> elapsed{0};
  PasswordChecker checker{
      {{"alice", "$2b$10$right"}, {"bob", "$2b$12$word"}},
      guard,
      {.matches = [this](const auto& password,
                         const auto& text) { return hash.make(password, text); },
       .now = [this] { return SteadyTime{} + 1h + SteadyTime::duration(elapsed.load()); }}};

  ~Scene() { hash.allow(1'000'000); }  // a hash in progress ends

  /// Must have to wait; the answer has the name PEER/PASSWORD.
  void queue(const std::string& peer, const std::string& password,
             const std::string& user = "alice") {
    CHECK_FALSE(checker.check(peer, user, password, answers.expect(peer + "/" + password)));
  }
  /// Must be answered at once.
  [[nodiscard]] Verdict now(const std::string& peer, const std::string& password,
                            const std::string& user = "alice") {
    const auto verdict = checker.check(peer, user, password, answers.expect("never"));
    if (!verdict) throw std::runtime_error("no answer at once");
    return *verdict;
  }
  void pass(SteadyTime::duration time) { elapsed += time.count(); }
};

}  // namespace

TEST_CASE("a right password is accepted, and at once from then on") {
  Scene scene;
  scene.queue("a", "right");
  scene.hash.allow();
  CHECK(scene.answers.of("a/right") == Verdict::accepted);
  CHECK(scene.now("a", "right") == Verdict::accepted);
  CHECK(scene.now("b", "right") == Verdict::accepted);
  CHECK(scene.hash.passwords().size() == 1);
  scene.queue("b", "right", "bob");
  scene.hash.allow();
  CHECK(scene.answers.of("b/right") == Verdict::rejected);
}

TEST_CASE("a wrong password is refused at once for ten seconds, and then checked again") {
  Scene scene;
  scene.queue("a", "wrong");
  scene.hash.allow();
  CHECK(scene.answers.of("a/wrong") == Verdict::rejected);
  scene.pass(10s - 1ns);
  CHECK(scene.now("b", "wrong") == Verdict::rejected);
  CHECK(scene.hash.passwords().size() == 1);
  scene.pass(1ns);
  scene.queue("b", "wrong");
  scene.hash.allow();
  CHECK(scene.answers.of("b/wrong") == Verdict::rejected);
}

TEST_CASE("addresses have their turns, and one that was served waits behind the others") {
  Scene scene;
  scene.queue("a", "a1");
  REQUIRE(scene.hash.wait_for_begun(1));
  scene.queue("a", "a2");
  scene.queue("b", "b1");
  scene.queue("c", "c1");
  scene.hash.allow(4);
  CHECK(scene.answers.of("a/a2") == Verdict::rejected);
  CHECK(scene.hash.passwords() == std::vector<std::string>{"a1", "b1", "c1", "a2"});
}

TEST_CASE("an address has one waiting hash at most") {
  Scene scene;
  scene.queue("a", "a1");
  REQUIRE(scene.hash.wait_for_begun(1));
  scene.queue("a", "a2");
  CHECK(scene.now("a", "a3") == Verdict::busy);
  scene.hash.allow(2);
  CHECK(scene.answers.of("a/a2") == Verdict::rejected);
  CHECK(scene.hash.passwords().size() == 2);
}

TEST_CASE("a new address comes before those that try again and again") {
  Scene scene;
  scene.queue("x", "x1");
  REQUIRE(scene.hash.wait_for_begun(1));
  for (const std::string peer : {"a", "b", "c"}) {
    scene.queue(peer, peer + "1");
    CHECK(scene.now(peer, peer + "2") == Verdict::busy);
  }
  scene.queue("good", "right");
  scene.hash.allow(2);
  CHECK(scene.answers.of("good/right") == Verdict::accepted);
  CHECK(scene.hash.passwords().at(1) == "right");
}

TEST_CASE("a success makes an address as good as a new one") {
  Scene scene;
  scene.queue("a", "right");
  scene.hash.allow();
  CHECK(scene.answers.of("a/right") == Verdict::accepted);
  CHECK(scene.now("a", "right") == Verdict::accepted);
  scene.queue("x", "x1");
  REQUIRE(scene.hash.wait_for_begun(2));
  scene.queue("a", "a1");
  scene.queue("c", "c1");
  scene.hash.allow(3);
  CHECK(scene.answers.of("c/c1") == Verdict::rejected);
  CHECK(scene.hash.passwords() == std::vector<std::string>{"right", "x1", "a1", "c1"});
}

TEST_CASE("after more than a minute of silence an address is as good as a new one") {
  Scene scene;
  scene.queue("a", "a1");
  scene.queue("b", "b1");
  scene.hash.allow(2);
  CHECK(scene.answers.of("a/a1") == Verdict::rejected);
  CHECK(scene.answers.of("b/b1") == Verdict::rejected);
  scene.pass(60s);
  scene.queue("x", "x1");
  REQUIRE(scene.hash.wait_for_begun(3));
  scene.queue("a", "a2");
  scene.pass(1ns);
  scene.queue("b", "b2");
  scene.queue("c", "c1");
  scene.hash.allow(4);
  CHECK(scene.answers.of("a/a2") == Verdict::rejected);
  CHECK(scene.hash.passwords() == std::vector<std::string>{"a1", "b1", "x1", "b2", "c1", "a2"});
}

TEST_CASE("equal credentials wait for one hash together, whether it waits or is in progress") {
  Scene scene;
  scene.queue("a", "right");
  REQUIRE(scene.hash.wait_for_begun(1));
  scene.queue("b", "right");
  scene.queue("c", "wrong");
  scene.queue("d", "wrong");
  scene.hash.allow(2);
  CHECK(scene.answers.of("a/right") == Verdict::accepted);
  CHECK(scene.answers.of("b/right") == Verdict::accepted);
  CHECK(scene.answers.of("c/wrong") == Verdict::rejected);
  CHECK(scene.answers.of("d/wrong") == Verdict::rejected);
  CHECK(scene.hash.passwords() == std::vector<std::string>{"right", "wrong"});
}

TEST_CASE("no more than 32 addresses wait") {
  Scene scene;
  scene.queue("x", "x1");
  REQUIRE(scene.hash.wait_for_begun(1));
  for (int i = 0; i < 32; ++i) scene.queue("p" + std::to_string(i), "p" + std::to_string(i));
  CHECK(scene.now("new", "n1") == Verdict::busy);
  CHECK(scene.now("p7", "again") == Verdict::busy);
  CHECK(scene.now("p8", "again") == Verdict::busy);
  CHECK(scene.now("p8", "again") == Verdict::busy);
  scene.queue("good", "right");
  CHECK(scene.answers.count() == 0);
  scene.hash.allow(2);
  CHECK(scene.answers.of("p8/p8") == Verdict::busy);
  scene.hash.allow(40);
  CHECK(scene.answers.of("good/right") == Verdict::accepted);
  CHECK(scene.answers.of("p7/p7") == Verdict::rejected);
}

TEST_CASE("a user who is not known costs a hash as dear as any, and is never accepted") {
  Scene scene;
  scene.queue("a", std::string(53, '.'), "eve");  // the fake hash matches
  scene.hash.allow();
  CHECK(scene.answers.of("a/" + std::string(53, '.')) == Verdict::rejected);
  CHECK(scene.hash.last_hash() == "$2b$12$" + std::string(53, '.'));
  scene.checker.replace_users({});
  scene.queue("a", "right");
  scene.hash.allow();
  CHECK(scene.answers.of("a/right") == Verdict::rejected);
  CHECK(scene.hash.last_hash() == "$2b$10$" + std::string(53, '.'));
}

TEST_CASE("new users are in effect at once, and only those who have changed are checked again") {
  Scene scene;
  scene.queue("a", "right");
  scene.queue("b", "word", "bob");
  scene.hash.allow(2);
  CHECK(scene.answers.of("a/right") == Verdict::accepted);
  CHECK(scene.answers.of("b/word") == Verdict::accepted);
  scene.checker.replace_users({{"alice", "$2b$10$other"}, {"bob", "$2b$12$word"}});
  CHECK(scene.now("b", "word", "bob") == Verdict::accepted);
  scene.queue("c", "right");
  scene.hash.allow();
  CHECK(scene.answers.of("c/right") == Verdict::rejected);
  scene.checker.replace_users({{"alice", "$2b$10$right"}, {"bob", "$2b$12$word"}});
  scene.queue("d", "right");
  REQUIRE(scene.hash.wait_for_begun(4));
}

TEST_CASE("a hash in progress of a user who changes does not let the old password in") {
  Scene scene;
  scene.queue("a", "right");
  REQUIRE(scene.hash.wait_for_begun(1));
  scene.checker.replace_users({{"alice", "$2b$10$other"}});
  scene.hash.allow();
  CHECK(scene.answers.of("a/right") == Verdict::rejected);
  scene.checker.replace_users({{"alice", "$2b$10$right"}});
  scene.queue("b", "right");
  scene.hash.allow();
  CHECK(scene.answers.of("b/right") == Verdict::accepted);
}

TEST_CASE("who waits when the checker stops is told that it is busy") {
  Scene scene;
  scene.queue("a", "right");
  REQUIRE(scene.hash.wait_for_begun(1));
  scene.queue("b", "b1");
  scene.queue("c", "c1");
  std::jthread stopping([&] { scene.checker.stop(); });
  // The hash in progress ends only once the checker refuses more.
  while (scene.checker.check("d", "alice", "d1", [](Verdict) {}) != Verdict::busy) {
    std::this_thread::yield();
  }
  scene.hash.allow();
  stopping.join();
  CHECK(scene.answers.of("a/right") == Verdict::accepted);
  CHECK(scene.answers.of("b/b1") == Verdict::busy);
  CHECK(scene.answers.of("c/c1") == Verdict::busy);
  CHECK(scene.hash.passwords() == std::vector<std::string>{"right"});
  CHECK(scene.now("a", "right") == Verdict::busy);
  scene.checker.stop();
}

TEST_CASE("a checker that never had to check has no thread to stop") {
  Scene scene;
  scene.checker.stop();
  CHECK(scene.now("a", "right") == Verdict::busy);
}

TEST_CASE("a hash that fails for lack of memory is answered, and the next is made") {
  Scene scene;
  scene.queue("a", "throw");
  scene.hash.allow();
  CHECK(scene.answers.of("a/throw") == Verdict::busy);
  CHECK(scene.guard.failures().at("passwords") == 1);
  scene.queue("a", "right");
  scene.hash.allow();
  CHECK(scene.answers.of("a/right") == Verdict::accepted);
}

TEST_CASE("checks of many threads are answered once each") {
  test::LogCapture log;
  ThreadGuard guard(log.logger());
  std::atomic<int> given = 0;
  std::atomic<int> at_once = 0;
  constexpr int threads = 4;
  constexpr int rounds = 500;
  {
    PasswordChecker checker({{"alice", "$2b$10$p3"}}, guard,
                            {.matches = [](const auto& password, const auto& hash) {
                              return hash.ends_with("$" + password);
                            }});
    std::vector<std::jthread> clients;
    for (int client = 0; client < threads; ++client) {
      clients.emplace_back([&, client] {
        for (int i = 0; i < rounds; ++i) {
          const auto peer = std::to_string((client + i) % 40);
          const auto password = "p" + std::to_string(i % 150);
          const auto verdict =
              checker.check(peer, "alice", password, [&given](Verdict) { ++given; });
          if (verdict) ++at_once;
          if (i % 100 == 99) checker.replace_users({{"alice", "$2b$10$p3"}});
        }
      });
    }
    clients.clear();
  }
  CHECK(given + at_once == threads * rounds);
}

TEST_CASE("bcrypt hashes of the exporter toolkit match their passwords") {
  // The toolkit's own hash of this word.
  const std::string hash = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";
  CHECK(web::bcrypt_matches("fakepassword", hash));
  CHECK_FALSE(web::bcrypt_matches("fakepassworD", hash));
  CHECK_FALSE(web::bcrypt_matches(std::string("fakepassword\0x", 14), hash));
  CHECK_FALSE(web::bcrypt_matches("fakepassword", "no hash"));
  CHECK_FALSE(web::bcrypt_matches("", "$2b$04$" + std::string(53, '.')));
}
