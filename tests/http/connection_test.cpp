#include "tidegauge/http/connection.h"

#include <optional>
#include <vector>

#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using http::Request;
using http::Response;
using test::error_of;
using test::value_of;

namespace {

constexpr SteadyTime limit{1h};

/// Answers after so many waits, or fails when it is aborted.
class Scripted final : public http::Connection {
 public:
  explicit Scripted(std::size_t waits) : waits_left_(waits) {}

  void begin(const Request& request) override {
    target = request.target;
    aborted_.reset();
  }
  std::optional<Result<Response>> advance(SteadyTime) override {
    if (aborted_) return fail(*aborted_, "aborted");
    if (waits_left_ > 0) return std::nullopt;
    return Response{.status = 204};
  }
  [[nodiscard]] SteadyTime next_limit() const override { return limit; }
  void wait(SteadyTime until) override {
    waited_until.push_back(until);
    --waits_left_;
  }
  void abort(Errc why) noexcept override { aborted_ = why; }
  void interrupt(Errc) noexcept override {}
  Result<Response> open_stream(const Request&, const std::stop_token&) override {
    return fail(Errc::closed, "no stream");
  }
  Result<std::size_t> read(std::span<char>, SteadyTime, const std::stop_token&) override {
    return fail(Errc::closed, "no stream");
  }
  void close() noexcept override {}
  [[nodiscard]] bool alive() const noexcept override { return false; }
  [[nodiscard]] int fd() const noexcept override { return -1; }
  [[nodiscard]] const http::Transfer& last_transfer() const noexcept override { return transfer_; }

  std::string target;
  std::vector<SteadyTime> waited_until;

 private:
  std::size_t waits_left_;
  std::optional<Errc> aborted_;
  http::Transfer transfer_;
};

}  // namespace

TEST_CASE("a request waits for its next limit until it is answered") {
  Scripted connection(2);
  CHECK(value_of(connection.perform({.target = "/_ping"})).status == 204);
  CHECK(connection.target == "/_ping");
  CHECK(connection.waited_until == std::vector{limit, limit});
}

TEST_CASE("an answer that is there at once needs no wait") {
  Scripted connection(0);
  value_of(connection.perform({.target = "/"}));
  CHECK(connection.waited_until.empty());
}

TEST_CASE("a caller that has stopped before its request is cancelled") {
  Scripted connection(1);
  std::stop_source stop;
  stop.request_stop();
  CHECK(error_of(connection.perform({.target = "/"}, stop.get_token())).code == Errc::cancelled);
  CHECK(connection.waited_until.empty());
}

TEST_CASE("the refusal of HEAD is told from the refusal of the request") {
  for (const int status : {400, 403, 405, 499, 501}) {
    CHECK(http::refuses_head({.status = status}));
  }
  for (const int status : {200, 304, 500, 502, 503}) {
    CHECK_FALSE(http::refuses_head({.status = status}));
  }
}
