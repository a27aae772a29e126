#include "app/status_endpoint.h"

#include <unistd.h>

#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

#include "app/response_encoding.h"
#include "tidegauge/status/api.h"
#include "tidegauge/status/pages.h"
#include "tidegauge/web/etag.h"

namespace tidegauge::app {
namespace {

/// Nothing is loaded but what the daemon itself serves, no script and no style stands within a
/// page, and no other page shows one in a frame.
constexpr std::string_view content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

web::Response page_response() {
  return {.content_type = "text/html; charset=utf-8",
          .headers = {{"Content-Security-Policy", std::string(content_security_policy)},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Referrer-Policy", "no-referrer"},
                      {"Cache-Control", "no-cache"},
                      {"Vary", "Accept-Encoding"}}};
}

web::Response json_response() {
  return {.content_type = "application/json",
          .headers = {{"X-Content-Type-Options", "nosniff"},
                      {"Cache-Control", "no-cache"},
                      {"Vary", "Accept-Encoding"}}};
}

web::Response not_acceptable() {
  return {.status = 406, .body = "no encoding that is accepted\n"};
}

/// The text as a body in one piece.
web::NextPiece one_piece(std::string text) {
  return [text = std::move(text), taken = false]() mutable -> std::string_view {
    if (taken) return {};
    taken = true;
    return text;
  };
}

web::Response encoded(web::Response response, std::string text, const web::Request& request,
                      config::Compression compression) {
  const auto encoding = choose_encoding(request, compression);
  if (!encoding) return not_acceptable();
  if (*encoding != web::Encoding::identity) {
    response.headers.emplace_back("Content-Encoding", to_string(*encoding));
  }
  response.next_piece = web::encode(one_piece(std::move(text)), *encoding);
  return response;
}

struct ContainerPath {
  std::string_view endpoint;
  std::string_view name;
};

/// "/containers/ENDPOINT/NAME"; a name may have any character.
std::optional<ContainerPath> parse_container_path(std::string_view path, std::string_view route) {
  if (!path.starts_with(route)) return std::nullopt;
  path.remove_prefix(route.size());
  const auto slash = path.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  return ContainerPath{.endpoint = path.substr(0, slash), .name = path.substr(slash + 1)};
}

const model::ContainerRecord* find(const model::Snapshot& engines, const ContainerPath& path) {
  const auto* const engine = model::find_engine(engines, path.endpoint);
  return engine == nullptr ? nullptr : model::find_container(*engine, path.name);
}

web::Response not_watched() {
  return {.status = 404, .body = "no container of that name is watched\n"};
}

constexpr std::uint32_t usual_log_lines = 100;
constexpr std::uint32_t most_log_lines = 1'000;

/// Of the parameter `lines`; nothing where it is no number of lines.
std::optional<std::uint32_t> lines_of(std::string_view query) {
  const auto values = web::query_values(query, "lines");
  if (values.empty()) return usual_log_lines;
  const auto& text = values.back();
  std::uint32_t lines = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), lines);
  const bool is_number = error == std::errc{} && end == text.data() + text.size();
  if (!is_number || lines < 1 || lines > most_log_lines) return std::nullopt;
  return lines;
}

/// The name of the machine of the first local Engine, as in a container this process has another.
std::string host_name_of(const model::Snapshot& snapshots) {
  for (const auto& engine : snapshots) {
    if (engine->host && engine->info && !engine->info->name.empty()) return engine->info->name;
  }
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "this host";
}

}  // namespace

web::Response StatusEndpoint::overview(const web::Request& request, const config::WebConfig& web) {
  const auto encoding = choose_encoding(request, web.compression);
  if (!encoding) return not_acceptable();
  auto snapshots = sources_.snapshots();
  const Version version{.snapshots = versions_of(snapshots), .history = history_.version()};
  auto response = page_response();
  const auto etag = etag_of(version);
  response.headers.emplace_back("ETag", etag);
  if (web::matches_etag(request.if_none_match, etag)) {
    response.status = 304;
    response.next_piece = one_piece({});  // without a length, which would be that of the page
    return response;
  }
  if (*encoding != web::Encoding::identity) {
    response.headers.emplace_back("Content-Encoding", to_string(*encoding));
  }
  response.next_piece =
      overview_body(version, *encoding, input(std::move(snapshots), request, web));
  return response;
}

web::NextPiece StatusEndpoint::overview_body(const Version& version, web::Encoding encoding,
                                             const status::StatusInput& input) {
  const auto render = [&] { return one_piece(status::overview_page(input)); };
  if (encoding == web::Encoding::identity) return render();
  return encoded_.with([&](Encoded& encoded) {
    if (encoded.of != version) encoded = {.of = version, .pages = {}};
    auto& page = encoded.pages[encoding];
    if (!page) page = std::make_shared<web::SharedBody>(web::encode(render(), encoding));
    return web::SharedBody::read(page);
  });
}

web::Response StatusEndpoint::container(const web::Request& request,
                                        const config::WebConfig& web) const {
  const auto path = parse_container_path(request.path, containers_path);
  if (!path) return {.status = 404, .body = "not found\n"};
  const auto all = input(sources_.snapshots(), request, web);
  const auto* const watched = find(all.engines, *path);
  if (watched == nullptr) return not_watched();
  auto page = status::container_page(all, path->endpoint, path->name, processes_of(*watched, web));
  if (!page) return not_watched();
  return encoded(page_response(), *std::move(page), request, web.compression);
}

std::optional<std::vector<std::string>> StatusEndpoint::processes_of(
    const model::ContainerRecord& record, const config::WebConfig& web) const {
  return web.show_processes ? sources_.processes(*record.container) : std::nullopt;
}

// --- JSON ---------------------------------------------------------------------------------------

web::Response StatusEndpoint::engines_json(const web::Request& request,
                                           const config::WebConfig& web) const {
  return encoded(json_response(), status::engines_json(input(sources_.snapshots(), request, web)),
                 request, web.compression);
}

web::Response StatusEndpoint::containers_json(const web::Request& request,
                                              const config::WebConfig& web) const {
  return encoded(json_response(),
                 status::containers_json(input(sources_.snapshots(), request, web)), request,
                 web.compression);
}

web::Response StatusEndpoint::container_json(const web::Request& request,
                                             const config::WebConfig& web) const {
  const auto path = parse_container_path(request.path, containers_json_path);
  if (!path) return {.status = 404, .body = "not found\n"};
  const auto all = input(sources_.snapshots(), request, web);
  const auto* const watched = find(all.engines, *path);
  if (watched == nullptr) return not_watched();
  auto json = status::container_json(all, path->endpoint, path->name, processes_of(*watched, web));
  if (!json) return not_watched();
  return encoded(json_response(), *std::move(json), request, web.compression);
}

web::Response StatusEndpoint::pool_json(const web::Request& request,
                                        const config::WebConfig& web) const {
  auto with_slots = input(sources_.snapshots(), request, web);
  with_slots.slots = sources_.slots();
  return encoded(json_response(), status::pool_json(with_slots), request, web.compression);
}

// --- logs ---------------------------------------------------------------------------------------

void StatusEndpoint::log(const web::Request& request, const config::WebConfig& web,
                         web::Responder respond) {
  if (!web.show_logs) return respond({.status = 403, .body = "web.show_logs is off\n"});
  const auto lines = lines_of(request.query);
  if (!lines) {
    return respond({.status = 400,
                    .body = "lines: a number from 1 to " + std::to_string(most_log_lines) + "\n"});
  }
  const auto path = parse_container_path(request.path, logs_path);
  const auto engines = sources_.snapshots();
  const auto* const watched = path ? find(engines, *path) : nullptr;
  if (watched == nullptr) return respond(not_watched());
  logs_.read(
      {.endpoint = std::string(path->endpoint), .id = watched->container->id, .lines = *lines},
      std::move(respond));
}

web::Response StatusEndpoint::pool(const web::Request& request,
                                   const config::WebConfig& web) const {
  auto with_slots = input(sources_.snapshots(), request, web);
  with_slots.slots = sources_.slots();
  return encoded(page_response(), status::pool_page(with_slots), request, web.compression);
}

status::StatusInput StatusEndpoint::input(model::Snapshot snapshots, const web::Request& request,
                                          const config::WebConfig& web) const {
  auto host_name = host_name_of(snapshots);
  return {.engines = std::move(snapshots),
          .pools = sources_.pools(),
          .slots = {},
          .history = history_,
          .now = wall_now(),
          .host_name = std::move(host_name),
          .show_all_labels = request.is_trusted || request.is_local,
          .listed_labels = sources_.listed_labels(),
          .show_logs = web.show_logs,
          .show_processes = web.show_processes};
}

/// Weak, as the text may say "3 min ago" in place of "2 min ago".
std::string StatusEndpoint::etag_of(const Version& version) {
  std::string text = "W/\"";
  for (const auto& snapshot : version.snapshots) {
    const auto published = snapshot.published_at.value_or(SteadyTime{}).time_since_epoch();
    text += std::to_string(published.count()) + (snapshot.stale ? "s-" : "-");
  }
  return text + std::to_string(version.history) + '"';
}

}  // namespace tidegauge::app
