#include "web/access_control.h"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "support/catch.h"
#include "support/log_capture.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using web::AccessControl;
using web::AuthenticationFailure;

namespace {

/// bcrypt of "secret", at the least cost.
constexpr const char* hash_of_secret =
    "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";

class Fixture {
 public:
  explicit Fixture(const config::WebProtection& protection)
      : hooks_{
            .on_authentication_failure =
                [this](AuthenticationFailure reason) { failures.emplace_back(to_string(reason)); },
            .on_rate_limited = [this] { ++rate_limited; }},
        access(protection, hooks_, guard_) {}

  /// The status of the refusal; 200 where there is none.
  std::uint32_t status_for(const std::string& authorization, const std::string& peer = "a") {
    return check(authorization, peer).status;
  }
  web::Response check(const std::string& authorization, const std::string& address = "a") {
    return check(authorization, web::Peer{.address = address});
  }
  web::Response check(const std::string& authorization, const web::Peer& peer) {
    web::RequestHead head{.method = "GET", .target = "/", .version = "HTTP/1.1", .headers = {}};
    if (!authorization.empty()) head.headers.emplace_back("Authorization", authorization);
    std::mutex mutex;
    std::condition_variable decided;
    std::optional<web::Response> answer;
    access.check(head, peer, [&](std::expected<web::Identity, web::Response> decision) {
      const std::lock_guard lock(mutex);
      identity = decision ? *decision : web::Identity::unknown;
      answer = decision ? web::Response{} : std::move(decision.error());
      decided.notify_one();
    });
    std::unique_lock lock(mutex);
    REQUIRE(decided.wait_for(lock, 20s, [&] { return answer.has_value(); }));
    return *std::move(answer);
  }

 private:
  test::LogCapture log_;
  ThreadGuard guard_{log_.logger()};
  const web::ServerHooks hooks_;

 public:
  std::vector<std::string> failures;
  int rate_limited = 0;
  web::Identity identity = web::Identity::unknown;  ///< of the last client that got an answer
  AccessControl access;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr const char* alice_secret = "Basic YWxpY2U6c2VjcmV0";
constexpr const char* alice_wrong = "Basic YWxpY2U6d3Jvbmc=";

}  // namespace

TEST_CASE("without users and a token everybody gets an answer, with credentials too") {
  Fixture fixture({});
  CHECK(fixture.status_for("") == 200);
  CHECK(fixture.status_for(alice_wrong) == 200);
  CHECK(fixture.failures.empty());
}

TEST_CASE("only a client that had to show who it is has a proven identity") {
  Fixture open({});
  open.check(alice_secret);
  CHECK(open.identity == web::Identity::unknown);
  Fixture protected_by_users({.users = {{"alice", hash_of_secret}}});
  protected_by_users.check(alice_secret);
  CHECK(protected_by_users.identity == web::Identity::proven);
  Fixture protected_by_token({.bearer_token = "token"});
  protected_by_token.check("Bearer token");
  CHECK(protected_by_token.identity == web::Identity::proven);
}

TEST_CASE("a verified certificate proves the identity, where nothing else is asked for") {
  Fixture fixture({});
  fixture.check("", web::Peer{.address = "a", .is_certified = true});
  CHECK(fixture.identity == web::Identity::proven);
}

TEST_CASE("a user needs the password") {
  Fixture fixture({.users = {{"alice", hash_of_secret}}});
  CHECK(fixture.status_for(alice_secret) == 200);
  CHECK(fixture.status_for(alice_wrong) == 401);
  CHECK(fixture.status_for("Basic Ym9iOnNlY3JldA==") == 401);
  CHECK(fixture.status_for("Bearer token") == 401);
  const auto refused = fixture.check("");
  CHECK(refused.status == 401);
  CHECK(refused.headers == Headers{{"WWW-Authenticate", "Basic"}});
  CHECK(fixture.failures == std::vector<std::string>{"wrong_credentials", "wrong_credentials",
                                                     "wrong_credentials", "no_credentials"});
}

TEST_CASE("a token is enough, beside users too") {
  Fixture fixture({.users = {{"alice", hash_of_secret}}, .bearer_token = "token"});
  CHECK(fixture.status_for("Bearer token") == 200);
  CHECK(fixture.status_for("bearer token") == 200);
  CHECK(fixture.status_for("Bearer Token") == 401);
  CHECK(fixture.status_for("Bearer token2") == 401);
  CHECK(fixture.status_for(alice_secret) == 200);
}

TEST_CASE("a token alone is the only way in") {
  Fixture fixture({.bearer_token = "token"});
  CHECK(fixture.status_for(alice_secret) == 401);
  CHECK(fixture.check("").headers == Headers{{"WWW-Authenticate", "Bearer"}});
}

TEST_CASE("beyond the rate nobody gets an answer, with the right password neither") {
  Fixture fixture({.users = {{"alice", hash_of_secret}},
                   .rate_limit = config::RateLimit{.interval = 1h, .burst = 2}});
  CHECK(fixture.status_for(alice_secret) == 200);
  CHECK(fixture.status_for("") == 401);
  CHECK(fixture.status_for(alice_secret) == 429);
  CHECK(fixture.rate_limited == 1);
}

TEST_CASE("a new protection holds from the next request on, and a rate that stays goes on") {
  Fixture fixture({.headers = {{"X-Frame-Options", "deny"}},
                   .rate_limit = config::RateLimit{.interval = 1h, .burst = 2}});
  CHECK(fixture.access.headers() == Headers{{"X-Frame-Options", "deny"}});
  CHECK(fixture.status_for("") == 200);
  fixture.access.replace(
      {.rate_limit = config::RateLimit{.interval = 1h, .burst = 2}, .bearer_token = "token"});
  CHECK(fixture.access.headers().empty());
  CHECK(fixture.status_for("") == 401);
  CHECK(fixture.status_for("") == 429);
  fixture.access.replace({});
  CHECK(fixture.status_for("") == 200);
}

TEST_CASE("after the end nobody waits") {
  Fixture fixture({.users = {{"alice", hash_of_secret}}});
  fixture.access.stop();
  CHECK(fixture.status_for(alice_secret) == 503);
}
