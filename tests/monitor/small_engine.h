#pragma once

// An Engine of running containers with given ids, which are their names as well, that a test
// scripts call by call.

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/http_server.h"
#include "support/temporary_directory.h"
#include "tidegauge/util/guarded.h"
#include "tidegauge/util/time.h"

namespace tidegauge::test {

/// `before` may answer in its place: then it says true. What it refers to outlives the Engine.
class SmallEngine {
 public:
  using Before = std::function<bool(const Request&, Exchange&)>;

  SmallEngine(std::vector<std::string> ids, Before before)
      : ids_(std::move(ids)),
        before_(std::move(before)),
        server_(directory_.file("docker.sock"), [this](const Request& request, Exchange& exchange) {
          calls_.with([&](auto& calls) { ++calls[call_of(request)]; });
          if (!before_(request, exchange)) answer(request, exchange);
        }) {}

  [[nodiscard]] std::string socket_path() const { return directory_.file("docker.sock"); }
  HttpServer& server() { return server_; }
  void set_ids(std::vector<std::string> ids) {
    ids_.with([&](auto& current) { current = std::move(ids); });
  }
  /// How often it was asked for a path, as "/containers/json", without version and query.
  [[nodiscard]] int calls(const std::string& path) const {
    return calls_.with([&](const auto& calls) {
      const auto found = calls.find(path);
      return found == calls.end() ? 0 : found->second;
    });
  }
  /// The path of a request, without version and query.
  [[nodiscard]] static std::string call_of(const Request& request) {
    const auto path = request.target.substr(0, request.target.find('?'));
    return path.starts_with("/v1.") ? path.substr(path.find('/', 1)) : path;
  }

 private:
  void answer(const Request& request, Exchange& exchange) const {
    constexpr std::string_view prefix = "/containers/";
    const auto call = call_of(request);
    if (call == "/_ping") {
      exchange.reply(200, {{"Api-Version", "1.41"}}, "OK");
    } else if (call == "/version") {
      exchange.reply(200, {}, R"({"Version":"20.10.24","ApiVersion":"1.41"})");
    } else if (call == "/info") {
      exchange.reply(200, {}, "{}");
    } else if (call == "/events") {
      if (exchange.begin_chunks(200)) exchange.hang();
    } else if (call == "/containers/json") {
      exchange.reply(200, {}, list());
    } else if (call.ends_with("/json")) {
      const auto id = call.substr(prefix.size(), call.rfind('/') - prefix.size());
      exchange.reply(
          200, {},
          R"({"Id":")" + id + R"(","Name":"/)" + id + R"(","State":{"Status":"running"}})");
    } else {
      exchange.reply(200, {}, R"({"read":"2026-11-23T05:54:19Z","memory_stats":{"usage":4096}})");
    }
  }
  [[nodiscard]] std::string list() const {
    std::string list = "[";
    for (const auto& id : ids_.with([](const auto& ids) { return ids; })) {
      list += std::string(list.size() > 1 ? "," : "") + R"({"Id":")" + id + R"(","Names":["/)" +
              id + R"("],"State":"running"})";
    }
    return list + "]";
  }

  TemporaryDirectory directory_;
  Guarded<std::vector<std::string>> ids_;
  Guarded<std::map<std::string, int>> calls_;
  Before before_;
  HttpServer server_;
};

/// An event of a container whose name is its id, of now, as the Engine writes it.
[[nodiscard]] inline std::string event_line(const std::string& action, const std::string& id) {
  const auto now = std::to_string(wall_now().time_since_epoch().count());
  return R"({"Type":"container","Action":")" + action + R"(","Actor":{"ID":")" + id +
         R"(","Attributes":{"exitCode":"3","name":")" + id + R"("}},"timeNano":)" + now + "}\n";
}

}  // namespace tidegauge::test
