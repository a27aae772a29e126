#include "app/exits_command.h"

#include <algorithm>
#include <cstddef>
#include <ctime>
#include <set>
#include <string_view>
#include <utility>

#include "app/exits_report.h"
#include "app/running_daemon.h"
#include "app/serving.h"
#include "tidegauge/util/utf8.h"

namespace tidegauge::app {
namespace {

constexpr Milliseconds time_limit{10'000};
constexpr std::size_t longest_shown = 200;  // of a text that came from elsewhere

/// Which ends are asked for. A container's name has no slash; an Engine's name may have one.
struct Wanted {
  std::string endpoint;
  std::string name;
};

Wanted parse_wanted(const std::string& container) {
  const auto slash = container.rfind('/');
  if (slash == std::string::npos) return {.endpoint = "", .name = container};
  return {.endpoint = container.substr(0, slash), .name = container.substr(slash + 1)};
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
  std::string encoded;
  for (const char c : text) {
    if (plain.contains(c)) {
      encoded += c;
    } else {
      encoded += '%' + hex_digits(c);
    }
  }
  return encoded;
}

std::string query_for(const Wanted& wanted) {
  constexpr int of_one_container = 20;
  constexpr int in_table = 100;
  auto query = "?limit=" + std::to_string(wanted.name.empty() ? in_table : of_one_container);
  if (!wanted.endpoint.empty()) query += "&endpoint=" + percent_encoded(wanted.endpoint);
  if (!wanted.name.empty()) query += "&name=" + percent_encoded(wanted.name);
  return query;
}

Error unusable(const DaemonAddress& daemon, const http::Response& response) {
  const auto at = "the daemon at " + daemon.url;
  switch (response.status) {
    case 400:
      return {Errc::client_error,
              at + " says: " + terminal_text(one_line(response.body, longest_shown))};
    case 401:
      return {Errc::permission_denied,
              at + " asks for credentials, which its private socket does not: give the daemon a "
                   "path.runtime, and run this as its user or as root with the same, as "
                   "--path.runtime=/run/tidegauge"};
    case 404:
      return {Errc::not_found, at +
                                   " does not tell how runs ended: it is another program, or older "
                                   "than this one"};
    default:
      return {Errc::server_error,
              at + " answers with HTTP status " + std::to_string(response.status)};
  }
}

Error not_reached(const DaemonAddress& daemon, const Error& why) {
  return {why.code, "no daemon answers at " + daemon.url + ": " + why.message +
                        "; does it run, and with this configuration (--config)?"};
}

Result<ExitsAnswer> ask(const DaemonAddress& daemon, const std::string& query) {
  const auto response = ask_daemon(daemon, std::string(exits_path) + query, time_limit);
  if (!response) return fail(not_reached(daemon, response.error()));
  if (response->status != 200) return fail(unusable(daemon, *response));
  auto answer = read_exits(response->body);
  if (!answer) return fail(answer.error().within("the answer of the daemon at " + daemon.url));
  return answer;
}

/// The containers that the daemon knows an end of.
Error no_such_end(const DaemonAddress& daemon, const std::string& container) {
  const auto all = ask(daemon, "?limit=1000");
  if (!all) return all.error();
  std::set<std::string> names;
  for (const auto& exit : all->exits) names.insert(exit.end.name);
  std::string known;
  for (const auto& name : names) known += (known.empty() ? "" : ", ") + name;
  return {Errc::not_found,
          "no end of a container " + terminal_text(container) + " is recorded; there is " +
              (known.empty() ? "none of any container yet"
                             : "one of " + terminal_text(one_line(known, 10 * longest_shown)))};
}

std::tm local_time(std::time_t time) {
  std::tm parts{};
  ::localtime_r(&time, &parts);
  return parts;
}

}  // namespace

Result<std::string> report_exits(const config::Config& config, const std::string& container) {
  const auto daemon = find_daemon(config);
  if (!daemon) return fail(daemon.error());
  const auto wanted = parse_wanted(container);
  const auto answer = ask(*daemon, query_for(wanted));
  if (!answer) return fail(answer.error());
  const ReportStyle style{.names_endpoints = config.endpoints.size() > 1, .local_time = local_time};
  if (!wanted.name.empty()) {
    if (answer->exits.empty()) return fail(no_such_end(*daemon, container));
    return exits_in_detail(*answer, style);
  }
  if (answer->exits.empty()) return "no run of a container has ended since the record began\n";
  return exits_table(*answer, style);
}

}  // namespace tidegauge::app
