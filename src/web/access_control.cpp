#include "web/access_control.h"

#include "web/credentials.h"

namespace tidegauge::web {
namespace {

Response too_fast() {
  return {.status = 429, .headers = {{"Retry-After", "1"}}, .body = "too many requests\n"};
}

AuthenticationFailure failure_of(Verdict verdict) {
  return verdict == Verdict::busy ? AuthenticationFailure::busy
                                  : AuthenticationFailure::wrong_credentials;
}

}  // namespace

AccessControl::AccessControl(const config::WebProtection& protection, const ServerHooks& hooks,
                             ThreadGuard& guard)
    : hooks_(hooks), rules_(rules_of(protection)), passwords_(protection.users, guard) {}

void AccessControl::check(const RequestHead& head, const Peer& peer, Decided decided) {
  const bool in_time = rules_.with(
      [now = steady_now()](Rules& rules) { return !rules.bucket || rules.bucket->take(now); });
  if (!in_time) {
    hooks_.on_rate_limited();
    return decided(std::unexpected(too_fast()));
  }
  auto rules = rules_.with([](const Rules& current) { return current; });
  if (!rules.has_users && rules.bearer_token.empty()) {
    return decided(peer.is_certified ? Identity::proven : Identity::unknown);
  }

  const auto authorization = head.header("authorization");
  if (!rules.bearer_token.empty()) {
    const auto token = bearer_token(authorization);
    if (token && equal_in_constant_time(*token, rules.bearer_token)) {
      return decided(Identity::proven);
    }
  }
  const auto given = rules.has_users ? basic_credentials(authorization) : std::nullopt;
  if (!given) {
    return decided(
        std::unexpected(refuse(authorization.empty() ? AuthenticationFailure::no_credentials
                                                     : AuthenticationFailure::wrong_credentials,
                               rules)));
  }
  // `done` may outlive this call, and is not called where the verdict is known at once.
  auto shared = std::make_shared<Decided>(std::move(decided));
  const auto tell = [this, shared, rules](Verdict verdict) {
    if (verdict == Verdict::accepted) return (*shared)(Identity::proven);
    (*shared)(std::unexpected(refuse(failure_of(verdict), rules)));
  };
  if (const auto known = passwords_.check(peer.address, given->user, given->password, tell)) {
    tell(*known);
  }
}

Response AccessControl::refuse(AuthenticationFailure reason, const Rules& rules) const {
  hooks_.on_authentication_failure(reason);
  if (reason == AuthenticationFailure::busy) {
    return {.status = 503, .headers = {{"Retry-After", "1"}}, .body = "try again later\n"};
  }
  Response response{.status = 401, .body = "unauthorized\n"};
  if (rules.has_users) response.headers.emplace_back("WWW-Authenticate", "Basic");
  if (!rules.bearer_token.empty()) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

AccessControl::Headers AccessControl::headers() const {
  return rules_.with([](const Rules& rules) { return rules.headers; });
}

void AccessControl::replace(const config::WebProtection& protection) {
  passwords_.replace_users(protection.users);
  rules_.with([&](Rules& rules) {
    auto bucket = rules.bucket;
    const auto limit_before = rules.rate_limit;
    rules = rules_of(protection);
    if (rules.rate_limit == limit_before) rules.bucket = bucket;
  });
}

void AccessControl::stop() {
  passwords_.stop();
}

AccessControl::Rules AccessControl::rules_of(const config::WebProtection& protection) {
  Rules rules{.headers = Headers(protection.headers.begin(), protection.headers.end()),
              .bearer_token = protection.bearer_token,
              .has_users = !protection.users.empty(),
              .rate_limit = protection.rate_limit,
              .bucket = {}};
  if (rules.rate_limit) {
    rules.bucket.emplace(rules.rate_limit->interval, rules.rate_limit->burst, steady_now());
  }
  return rules;
}

}  // namespace tidegauge::web
