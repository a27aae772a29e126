#include "web/password_checker.h"

#include <crypt.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <set>
#include <stdexcept>
#include <utility>

#include "web/credentials.h"

namespace tidegauge::web {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view thread_name = "passwords";
constexpr std::size_t most_successes = 100;
constexpr std::size_t most_failures = 100;
constexpr std::size_t most_addresses = 1024;  // whose checks are counted
constexpr std::size_t most_waiting = 32;
constexpr auto failure_kept_for = 10s;
constexpr auto attempts_kept_for = 60s;
constexpr std::string_view default_cost = "10";
constexpr std::size_t cost_at = 4;  // in "$2b$10$..."

/// Overwrites a secret before its memory is freed.
void wipe(std::string& secret) {
  ::explicit_bzero(secret.data(), secret.size());
}

/// Its length and the text, so that no two lists of texts are the same in a row.
void append(std::string& out, const std::string& text) {
  out.append(std::to_string(text.size())).append(":").append(text);
}

}  // namespace

bool bcrypt_matches(const std::string& password, const std::string& hash) {
  if (password.find('\0') != std::string::npos) return false;  // crypt_r would not see the rest
  const auto data = std::make_unique<crypt_data>();            // 32 KiB
  const char* const made = ::crypt_r(password.c_str(), hash.c_str(), data.get());
  const bool matches = made != nullptr && equal_in_constant_time(made, hash);
  ::explicit_bzero(data.get(), sizeof *data);
  return matches;
}

/// One hash to make, and who waits for it.
struct PasswordChecker::Job {
  Digest digest{};
  std::string user;
  std::string hash;
  std::string password;
  std::string owner;           ///< the address whose place it takes while it waits
  std::uint64_t attempts = 0;  ///< fewer go first
  std::uint64_t arrival = 0;   ///< then the earlier
  bool displaced = false;      ///< is answered without a hash
  std::vector<std::pair<std::string, Done>> waiters;  ///< by address

  Job() = default;
  ~Job() { wipe(password); }
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  [[nodiscard]] std::pair<std::uint64_t, std::uint64_t> order() const {
    return {attempts, arrival};
  }
  /// Whether nobody but `peer` waits.
  [[nodiscard]] bool is_of_one(const std::string& peer) const {
    return std::ranges::all_of(waiters, [&](const auto& each) { return each.first == peer; });
  }
};

PasswordChecker::PasswordChecker(Users users, ThreadGuard& guard, PasswordCheckerOptions options)
    : guard_(guard),
      options_(std::move(options)),
      users_(std::move(users)),
      successes_(most_successes),
      failures_(most_failures),
      attempts_(most_addresses) {
  if (gnutls_rnd(GNUTLS_RND_KEY, key_.data(), key_.size()) < 0) {
    throw std::runtime_error("no random numbers");
  }
  const MutexLock lock(mutex_);
  set_fake_hash();
}

PasswordChecker::~PasswordChecker() {
  stop();
}

std::optional<Verdict> PasswordChecker::check(const std::string& peer, const std::string& user,
                                              const std::string& password, Done done) {
  const MutexLock lock(mutex_);
  if (stopped_) return Verdict::busy;
  const auto known = users_.find(user);
  const auto& hash = known == users_.end() ? fake_hash_ : known->second;
  const auto digest = digest_of(user, hash, password);
  const auto attempts = count_attempt(peer);
  if (const auto verdict = remembered(digest)) {
    if (verdict == Verdict::accepted) attempts_.erase(peer);
    return verdict;
  }
  if (const auto same = jobs_.find(digest); same != jobs_.end()) {
    auto& job = *same->second;
    job.waiters.emplace_back(peer, std::move(done));
    job.attempts = std::min(job.attempts, attempts);
    return std::nullopt;
  }
  if (const auto own = waiting_.find(peer); own != waiting_.end()) {
    if (own->second->is_of_one(peer)) own->second->attempts = attempts;
    return Verdict::busy;
  }
  if (waiting_.size() >= most_waiting && !make_room(attempts)) return Verdict::busy;
  start_thread();
  const auto job = std::make_shared<Job>();
  job->digest = digest;
  job->user = user;
  job->hash = hash;
  job->password = password;
  job->owner = peer;
  job->attempts = attempts;
  job->arrival = ++arrivals_;
  job->waiters.emplace_back(peer, std::move(done));
  jobs_.emplace(digest, job);
  waiting_.emplace(peer, job);
  wanted_.notify_one();
  return std::nullopt;
}

PasswordChecker::Digest PasswordChecker::digest_of(const std::string& user, const std::string& hash,
                                                   const std::string& password) const {
  std::string text;
  text.reserve(user.size() + hash.size() + password.size() + 64);  // one block, to be wiped
  append(text, user);
  append(text, hash);
  append(text, password);
  Digest digest{};
  const int result = gnutls_hmac_fast(GNUTLS_MAC_SHA256, key_.data(), key_.size(), text.data(),
                                      text.size(), digest.data());
  wipe(text);
  if (result < 0) throw std::runtime_error(gnutls_strerror(result));
  return digest;
}

std::optional<Verdict> PasswordChecker::remembered(const Digest& digest) {
  if (successes_.find(digest) != nullptr) return Verdict::accepted;
  const auto* const until = failures_.find(digest);
  if (until == nullptr) return std::nullopt;
  if (options_.now() < *until) return Verdict::rejected;
  failures_.erase(digest);
  return std::nullopt;
}

std::uint64_t PasswordChecker::count_attempt(const std::string& peer) {
  const auto now = options_.now();
  auto* known = attempts_.find(peer);
  if (known == nullptr) known = &attempts_.insert(peer, {});
  if (now - known->last > attempts_kept_for) known->count = 0;
  known->last = now;
  return ++known->count;
}

bool PasswordChecker::make_room(std::uint64_t attempts) {
  const auto last = std::ranges::max_element(
      waiting_, {}, [](const auto& entry) { return entry.second->order(); });
  const auto job = last->second;
  if (job->attempts <= attempts) return false;
  job->displaced = true;
  displaced_.push_back(job);
  jobs_.erase(job->digest);
  waiting_.erase(last);
  return true;
}

/// For users who are not known: takes as long as the dearest hash of those who are.
void PasswordChecker::set_fake_hash() {
  std::string cost;
  for (const auto& [user, hash] : users_) {
    if (hash.size() > cost_at) cost = std::max(cost, hash.substr(cost_at, 2));
  }
  if (cost.empty()) cost = default_cost;
  fake_hash_ = "$2b$" + cost + "$" + std::string(53, '.');
}

void PasswordChecker::start_thread() {
  if (thread_.joinable()) return;
  thread_ = std::jthread([this](const std::stop_token& stop) {
    guard_.run(thread_name, stop, [&] { serve(stop); });
    answer_all_waiting();
  });
}

void PasswordChecker::serve(const std::stop_token& stop) {
  while (const auto job = take_next(stop)) {
    answer(*job, job->displaced ? Verdict::busy : verdict_of(*job));
  }
}

std::shared_ptr<PasswordChecker::Job> PasswordChecker::take_next(const std::stop_token& stop) {
  MutexLock lock(mutex_);
  const bool wanted = wanted_.wait(
      lock, stop, [this]() REQUIRES(mutex_) { return !waiting_.empty() || !displaced_.empty(); });
  if (!wanted || stop.stop_requested()) return nullptr;
  if (!displaced_.empty()) {
    auto job = displaced_.back();
    displaced_.pop_back();
    return job;
  }
  const auto first = std::ranges::min_element(
      waiting_, {}, [](const auto& entry) { return entry.second->order(); });
  auto job = first->second;
  waiting_.erase(first);
  return job;
}

Verdict PasswordChecker::verdict_of(Job& job) {
  bool matches = false;
  const bool made =
      guard_.run_once(thread_name, [&] { matches = options_.matches(job.password, job.hash); });
  const MutexLock lock(mutex_);
  jobs_.erase(job.digest);
  if (!made) return Verdict::busy;
  const bool current = is_still_hash_of(job);
  if (matches && current) {
    successes_.insert(job.digest, job.user);
    for (const auto& [peer, done] : job.waiters) attempts_.erase(peer);
    return Verdict::accepted;
  }
  if (!matches) failures_.insert(job.digest, options_.now() + failure_kept_for);
  return Verdict::rejected;
}

bool PasswordChecker::is_still_hash_of(const Job& job) const {
  const auto known = users_.find(job.user);
  return known != users_.end() && known->second == job.hash;
}

void PasswordChecker::answer(Job& job, Verdict verdict) {
  for (auto& [peer, done] : job.waiters) {
    guard_.run_once(thread_name, [&done, verdict] { done(verdict); });
  }
  job.waiters.clear();
}

void PasswordChecker::answer_all_waiting() {
  decltype(displaced_) displaced;
  decltype(waiting_) waiting;
  {
    const MutexLock lock(mutex_);
    displaced.swap(displaced_);
    waiting.swap(waiting_);
    jobs_.clear();
  }
  for (const auto& job : displaced) answer(*job, Verdict::busy);
  for (const auto& [peer, job] : waiting) answer(*job, Verdict::busy);
}

void PasswordChecker::replace_users(Users users) {
  const MutexLock lock(mutex_);
  std::set<std::string> unchanged;
  for (const auto& [user, hash] : users_) {
    const auto after = users.find(user);
    if (after != users.end() && after->second == hash) unchanged.insert(user);
  }
  successes_.erase_if(
      [&unchanged](const Digest&, const std::string& user) { return !unchanged.contains(user); });
  users_ = std::move(users);
  set_fake_hash();
}

void PasswordChecker::stop() {
  {
    const MutexLock lock(mutex_);
    stopped_ = true;
  }
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace tidegauge::web
