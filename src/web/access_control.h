#pragma once

// Who gets an answer: the limit of the rate, then the headers that every answer has, then users and
// the token, in the order of the exporter toolkit. Used by the Site. Thread-safe.

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tidegauge/config/web_protection.h"
#include "tidegauge/util/guarded.h"
#include "tidegauge/util/thread_guard.h"
#include "tidegauge/web/messages.h"
#include "tidegauge/web/server.h"
#include "web/password_checker.h"
#include "web/peer.h"
#include "web/request_head.h"
#include "web/token_bucket.h"

namespace tidegauge::web {

/// What is known of a client that gets an answer.
enum class Identity : std::uint8_t {
  unknown,  ///< nobody is asked
  proven    ///< it has shown the token, a user's password or a certificate
};

class AccessControl {
 public:
  /// Takes who gets an answer, or the refusal.
  using Decided = std::move_only_function<void(std::expected<Identity, Response>)>;
  using Headers = std::vector<std::pair<std::string, std::string>>;

  /// Everything outlives this.
  AccessControl(const config::WebProtection& protection, const ServerHooks& hooks,
                ThreadGuard& guard);

  /// Calls `decided` once: before it returns or, where a password must be checked, later and on
  /// another thread.
  void check(const RequestHead& head, const Peer& peer, Decided decided);

  /// The headers of every answer.
  [[nodiscard]] Headers headers() const;

  /// From now on this protection holds.
  void replace(const config::WebProtection& protection);
  /// Refuses all whose password waits to be checked, and returns when each has been told.
  void stop();

 private:
  struct Rules {
    Headers headers;
    std::string bearer_token;
    bool has_users = false;
    std::optional<config::RateLimit> rate_limit;
    std::optional<TokenBucket> bucket;
  };
  static Rules rules_of(const config::WebProtection& protection);

  [[nodiscard]] Response refuse(AuthenticationFailure reason, const Rules& rules) const;

  const ServerHooks& hooks_;
  Guarded<Rules> rules_;
  PasswordChecker passwords_;
};

}  // namespace tidegauge::web
