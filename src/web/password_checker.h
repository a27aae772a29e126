#pragma once

// Checks the passwords of users against their bcrypt hashes, each of which takes some 70 ms,
// without holding up the thread that serves. Used by the server.
//
// A check that was made before is answered at once: successes are remembered (100 of them), and so
// are failures (100 others, for ten seconds), by a keyed digest of user, hash and password. Nobody
// can get the password back from it. Everything else waits for a thread of the checker's own, which
// makes one hash at a time. So that a flood of wrong passwords does not hold up a good client:
//
// - an address has one waiting hash at most; its next check is answered with `busy`;
// - the next hash is that of the address with the fewest checks since its last success, and among
//   those of the address that has waited for longest. So a new address comes before those that
//   try again and again, and addresses with as many checks have their turns;
// - equal credentials wait for one hash together, whatever their addresses;
// - at most 32 addresses wait. One more takes the place of the address with the most checks, which
//   gets `busy`; or gets `busy` itself, where it has as many.
//
// A user who is not known costs the same time as one who is. What is compared is compared in
// constant time.
//
// Thread-safe. `guard` and whatever `done` refers to outlive the checker.

#include <array>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tidegauge/util/mutex.h"
#include "tidegauge/util/thread_annotations.h"
#include "tidegauge/util/thread_guard.h"
#include "tidegauge/util/time.h"
#include "web/recent_map.h"

namespace tidegauge::web {

enum class Verdict : std::uint8_t {
  accepted,
  rejected,
  busy  ///< not checked: too many checks wait, or the checker has stopped
};

/// Whether bcrypt makes `hash` of the password: some 70 ms at cost 10, twice as much for each more.
[[nodiscard]] bool bcrypt_matches(const std::string& password, const std::string& hash);

/// What tests replace.
struct PasswordCheckerOptions {
  std::function<bool(const std::string& password, const std::string& hash)> matches =
      bcrypt_matches;
  std::function<SteadyTime()> now = steady_now;
};

class PasswordChecker {
 public:
  using Users = std::map<std::string, std::string>;  ///< name and bcrypt hash
  using Done = std::move_only_function<void(Verdict)>;

  PasswordChecker(Users users, ThreadGuard& guard, PasswordCheckerOptions options = {});
  ~PasswordChecker();
  PasswordChecker(const PasswordChecker&) = delete;
  PasswordChecker& operator=(const PasswordChecker&) = delete;

  /// Returns the verdict where it is known at once, and then never calls `done`. Otherwise `done`
  /// is called exactly once, on the checker's thread, maybe before this returns. `peer`: the
  /// client's address without its port; of IPv6 the first 64 bits, of which one client has them
  /// all.
  [[nodiscard]] std::optional<Verdict> check(const std::string& peer, const std::string& user,
                                             const std::string& password, Done done);

  /// From now on these are the users. Forgets the successes of those who have changed. A hash of
  /// theirs that is in progress ends as `rejected`.
  void replace_users(Users users);

  /// Ends the hash in progress, which gets its verdict, answers all others with `busy`, and returns
  /// when every `done` was called. `check` answers `busy` from then on. The destructor calls it.
  void stop();

 private:
  using Digest = std::array<unsigned char, 32>;
  static constexpr std::size_t key_bytes = 32;

  struct Job;
  struct Attempts {
    std::uint64_t count = 0;  ///< since the last success
    SteadyTime last{};
  };

  [[nodiscard]] Digest digest_of(const std::string& user, const std::string& hash,
                                 const std::string& password) const;
  [[nodiscard]] std::optional<Verdict> remembered(const Digest& digest) REQUIRES(mutex_);
  /// Returns the checks of the address since its last success, with this one.
  std::uint64_t count_attempt(const std::string& peer) REQUIRES(mutex_);
  /// Whether one more address may wait; the address with the most checks gives way to one with
  /// fewer.
  [[nodiscard]] bool make_room(std::uint64_t attempts) REQUIRES(mutex_);
  [[nodiscard]] bool is_still_hash_of(const Job& job) const REQUIRES(mutex_);
  void set_fake_hash() REQUIRES(mutex_);
  void start_thread() REQUIRES(mutex_);

  void serve(const std::stop_token& stop);
  /// Null: the checker stops.
  [[nodiscard]] std::shared_ptr<Job> take_next(const std::stop_token& stop);
  [[nodiscard]] Verdict verdict_of(Job& job);
  /// Calls every `done` of a job that nobody can attach to any more.
  void answer(Job& job, Verdict verdict);
  void answer_all_waiting();

  ThreadGuard& guard_;
  const PasswordCheckerOptions options_;
  std::array<unsigned char, key_bytes> key_{};

  Mutex mutex_;
  std::condition_variable_any wanted_;
  Users users_ GUARDED_BY(mutex_);
  std::string fake_hash_ GUARDED_BY(mutex_);
  RecentMap<Digest, std::string> successes_ GUARDED_BY(mutex_);     // and the user
  RecentMap<Digest, SteadyTime> failures_ GUARDED_BY(mutex_);       // and until when
  RecentMap<std::string, Attempts> attempts_ GUARDED_BY(mutex_);    // by address
  std::map<Digest, std::shared_ptr<Job>> jobs_ GUARDED_BY(mutex_);  // waiting or in progress
  std::map<std::string, std::shared_ptr<Job>> waiting_ GUARDED_BY(mutex_);  // by address
  std::vector<std::shared_ptr<Job>> displaced_ GUARDED_BY(mutex_);  // to be answered with busy
  std::uint64_t arrivals_ GUARDED_BY(mutex_) = 0;
  bool stopped_ GUARDED_BY(mutex_) = false;
  std::jthread thread_;  // started by the first check that needs it
};

}  // namespace tidegauge::web
