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
                      {"Cache-Control", "no-store"},
                      {"Vary", "Accept-Encoding"}}};
}

web::Response json_response() {
  return {.content_type = "application/json",
          .headers = {{"X-Content-Type-Options", "nosniff"},
                      {"Cache-Control", "no-store"},
                      {"Vary", "Accept-Encoding"}}};
}

web::Response not_acceptable() {
  return {.status = 406, .body = "no encoding that is accepted\n"};
}

using Render = std::move_only_function<std::string()>;

/// A text that is rendered when its first piece is asked for: only then the server has agreed to
/// answer. Pieces are small, so that a reader who is encoded for holds up nobody for long.
class LazyText {
 public:
  explicit LazyText(Render render) : render_(std::move(render)) {}

  std::string_view operator()() {
    constexpr std::size_t piece_bytes = std::size_t{32} * 1024;
    if (render_) {
      text_ = render_();
      render_ = nullptr;
    }
    const auto piece = std::string_view(text_).substr(taken_, piece_bytes);
    taken_ += piece.size();
    return piece;
  }

 private:
  Render render_;
  std::string text_;
  std::size_t taken_ = 0;
};

web::Response rendered(web::Response response, Render render, const web::Request& request,
                       config::Compression compression) {
  const auto encoding = choose_encoding(request, compression);
  if (!encoding) return not_acceptable();
  if (*encoding != web::Encoding::identity) {
    response.headers.emplace_back("Content-Encoding", to_string(*encoding));
  }
  response.next_piece = web::encode(LazyText(std::move(render)), *encoding);
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

/// All labels, processes and logs may hold secrets.
bool may_see_secrets(const web::Request& request) {
  return request.is_trusted || request.is_local_user;
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
    return response;
  }
  if (*encoding != web::Encoding::identity) {
    response.headers.emplace_back("Content-Encoding", to_string(*encoding));
  }
  response.next_piece =
      overview_body(version, *encoding, input(std::move(snapshots), request, web));
  return response;
}

/// Those who read at the same time share the text; an encoded one is small, and kept for others.
web::NextPiece StatusEndpoint::overview_body(const Version& version, web::Encoding encoding,
                                             status::StatusInput input) {
  const auto body = encoded_.with([&](Encoded& encoded) {
    if (encoded.of != version) encoded = {.of = version, .pages = {}, .plain = {}};
    auto page =
        encoding == web::Encoding::identity ? encoded.plain.lock() : encoded.pages[encoding];
    if (page) return page;
    page = std::make_shared<web::SharedBody>(web::encode(
        LazyText([input = std::move(input)] { return status::overview_page(input); }), encoding));
    if (encoding == web::Encoding::identity) {
      encoded.plain = page;
    } else {
      encoded.pages[encoding] = page;
    }
    return page;
  });
  return web::SharedBody::read(body);
}

web::Response StatusEndpoint::container(const web::Request& request,
                                        const config::WebConfig& web) const {
  const auto path = parse_container_path(request.path, containers_path);
  if (!path) return {.status = 404, .body = "not found\n"};
  const auto all = input(sources_.snapshots(), request, web);
  const auto* const watched = find(all.engines, *path);
  if (watched == nullptr) return not_watched();
  return rendered(
      page_response(),
      [all, endpoint = std::string(path->endpoint), name = std::string(path->name),
       processes = processes_of(*watched, request, web)] {
        return status::container_page(all, endpoint, name, processes).value_or("");
      },
      request, web.compression);
}

std::optional<std::vector<std::string>> StatusEndpoint::processes_of(
    const model::ContainerRecord& record, const web::Request& request,
    const config::WebConfig& web) const {
  const bool shows = web.show_processes && may_see_secrets(request);
  return shows ? sources_.processes(*record.container) : std::nullopt;
}

// --- JSON ---------------------------------------------------------------------------------------

web::Response StatusEndpoint::engines_json(const web::Request& request,
                                           const config::WebConfig& web) const {
  return rendered(
      json_response(),
      [all = input(sources_.snapshots(), request, web)] { return status::engines_json(all); },
      request, web.compression);
}

web::Response StatusEndpoint::containers_json(const web::Request& request,
                                              const config::WebConfig& web) const {
  return rendered(
      json_response(),
      [all = input(sources_.snapshots(), request, web)] { return status::containers_json(all); },
      request, web.compression);
}

web::Response StatusEndpoint::container_json(const web::Request& request,
                                             const config::WebConfig& web) const {
  const auto path = parse_container_path(request.path, containers_json_path);
  if (!path) return {.status = 404, .body = "not found\n"};
  const auto all = input(sources_.snapshots(), request, web);
  const auto* const watched = find(all.engines, *path);
  if (watched == nullptr) return not_watched();
  return rendered(
      json_response(),
      [all, endpoint = std::string(path->endpoint), name = std::string(path->name),
       processes = processes_of(*watched, request, web)] {
        return status::container_json(all, endpoint, name, processes).value_or("");
      },
      request, web.compression);
}

web::Response StatusEndpoint::pool_json(const web::Request& request,
                                        const config::WebConfig& web) const {
  auto with_slots = input(sources_.snapshots(), request, web);
  with_slots.slots = sources_.slots();
  return rendered(
      json_response(), [with_slots] { return status::pool_json(with_slots); }, request,
      web.compression);
}

// --- logs ---------------------------------------------------------------------------------------

void StatusEndpoint::log(const web::Request& request, const config::WebConfig& web,
                         web::Responder respond) {
  if (!web.show_logs) return respond({.status = 403, .body = "web.show_logs is off\n"});
  if (!may_see_secrets(request)) {
    return respond({.status = 403,
                    .body = "logs are for clients that had to show who they are, "
                            "and for users of this machine\n"});
  }
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
  return rendered(
      page_response(), [with_slots] { return status::pool_page(with_slots); }, request,
      web.compression);
}

status::StatusInput StatusEndpoint::input(model::Snapshot snapshots, const web::Request& request,
                                          const config::WebConfig& web) const {
  auto host_name = host_name_of(snapshots);
  return {.engines = std::move(snapshots),
          .pools = sources_.pools(),
          .slots = {},
          .history = history_,
          .now = wall_now(),
          .greatest_age = sources_.greatest_age(),
          .host_name = std::move(host_name),
          .show_all_labels = may_see_secrets(request),
          .listed_labels = sources_.listed_labels(),
          .show_logs = web.show_logs && may_see_secrets(request),
          .show_processes = web.show_processes && may_see_secrets(request)};
}

/// Weak, as the text may say "3 min ago" in place of "2 min ago". Another daemon, or another
/// version of it, has another `start`.
std::string StatusEndpoint::etag_of(const Version& version) const {
  std::string text = "W/\"" + start_ + "-";
  for (const auto& snapshot : version.snapshots) {
    const auto published = snapshot.published_at.value_or(SteadyTime{}).time_since_epoch();
    text += std::to_string(published.count()) + (snapshot.stale ? "s-" : "-");
  }
  return text + std::to_string(version.history) + '"';
}

}  // namespace tidegauge::app
