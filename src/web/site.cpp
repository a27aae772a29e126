#include "web/site.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace tidegauge::web {
namespace {

Response refusal(std::uint32_t status, std::string_view reason) {
  return {.status = status, .body = std::string(reason) + '\n'};
}

Response not_allowed(bool is_post) {
  auto response = refusal(405, is_post ? "only POST" : "only GET and HEAD");
  response.headers.emplace_back("Allow", is_post ? "POST" : "GET, HEAD");
  return response;
}

bool takes(const Route& route, std::string_view method) {
  return route.is_post ? method == "POST" : method == "GET" || method == "HEAD";
}

}  // namespace

Site::Site(std::vector<Route> routes, std::vector<std::string> private_paths, AccessControl& access,
           ThreadGuard& guard)
    : routes_(std::move(routes)),
      private_paths_(std::move(private_paths)),
      access_(access),
      guard_(guard) {}

std::expected<Request, Response> Site::parse(const RequestHead& head) const {
  const auto any_takes = [&](const Route& route) { return takes(route, head.method); };
  if (std::ranges::none_of(routes_, any_takes)) return std::unexpected(not_allowed(false));
  auto request = parse_request(head);
  if (!request) {
    return std::unexpected(refusal(request.error().status, request.error().reason));
  }
  return *std::move(request);
}

void Site::handle(const RequestHead& head, Request request, const Peer& peer,
                  Responder respond) const {
  request.is_local = peer.is_local;
  request.is_local_user = peer.is_local && is_for_this_machine(head);
  if (peer.is_private) {
    request.is_trusted = true;
    return answer(head.method, request, peer, std::move(respond));
  }
  access_.check(head, peer,
                [this, method = head.method, request = std::move(request), peer,
                 respond = std::move(respond)](std::expected<Identity, Response> identity) mutable {
                  if (!identity) return respond(std::move(identity.error()));
                  request.is_trusted = *identity == Identity::proven;
                  answer(method, request, peer, std::move(respond));
                });
}

void Site::answer(std::string_view method, const Request& request, const Peer& peer,
                  Responder respond) const {
  const auto* const route = find(request.path, peer);
  if (route == nullptr) return respond(refusal(404, "not found"));
  if (!takes(*route, method)) return respond(not_allowed(route->is_post));
  call(*route, request, std::move(respond));
}

void Site::call(const Route& route, const Request& request, Responder respond) const {
  Response response{.status = 500, .body = "internal error\n"};
  if (route.handle_later) {
    // A responder that is destroyed without a call answers by itself.
    guard_.run_once(web_thread, [&] { route.handle_later(request, std::move(respond)); });
    return;
  }
  guard_.run_once(web_thread, [&] { response = route.handle(request); });
  respond(std::move(response));
}

std::string_view Site::route_name(std::string_view path) const {
  const auto* const route = find(path);
  return route == nullptr ? "other" : std::string_view(route->path);
}

const Route* Site::find(std::string_view path, const Peer& peer) const {
  const bool is_open =
      !peer.is_private || std::ranges::find(private_paths_, path) != private_paths_.end();
  return is_open ? find(path) : nullptr;
}

const Route* Site::find(std::string_view path) const {
  const Route* longest = nullptr;
  for (const auto& route : routes_) {
    if (route.path == path) return &route;
    if (!route.takes_subpaths || !path.starts_with(route.path)) continue;
    if (longest == nullptr || route.path.size() > longest->path.size()) longest = &route;
  }
  return longest;
}

}  // namespace tidegauge::web
