#include "app/metrics_endpoint.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "app/response_encoding.h"

namespace tidegauge::app {
namespace {

using metrics::Format;

/// In the order of preference of the daemon, for clients without one.
constexpr std::array formats{Format::text, Format::openmetrics, Format::protobuf};

std::vector<web::MediaRange> offers() {
  std::vector<web::MediaRange> all;
  for (const auto format : formats) {
    all.push_back(web::parse_accept(metrics::content_type(format)).front());
  }
  return all;
}

struct ChosenFormat {
  Format format = Format::text;
  std::string content_type;
};

/// `escaping` is echoed if it was asked for: the names on a page need none, whatever the scheme.
ChosenFormat choose_format(std::string_view accept) {
  const auto ranges = web::parse_accept(accept);
  const auto choice = web::choose_media(ranges, offers());
  const auto format = formats.at(choice.offer);
  std::string type(metrics::content_type(format));
  if (choice.range != nullptr) {
    for (const std::string_view scheme :
         {"allow-utf-8", "underscores", "dots", "values"}) {  // never what else a client wrote
      if (choice.range->parameter("escaping") == scheme)
        type += "; escaping=" + std::string(scheme);
    }
  }
  return {.format = format, .content_type = std::move(type)};
}

}  // namespace

web::Response MetricsEndpoint::answer(const web::Request& request,
                                      config::Compression compression) {
  const auto encoding = choose_encoding(request, compression);
  if (!encoding) return {.status = 406, .body = "no encoding that is accepted\n"};
  auto format = choose_format(request.accept);
  web::Response response{.content_type = std::move(format.content_type),
                         .headers = {{"Vary", "Accept, Accept-Encoding"}}};
  if (*encoding != web::Encoding::identity) {
    response.headers.emplace_back("Content-Encoding", to_string(*encoding));
  }
  response.next_piece = body({.format = format.format,
                              .names = web::query_values(request.query, "name[]"),
                              .for_small_window = *encoding == web::Encoding::gzip},
                             *encoding);
  return response;
}

/// Only whole pages are shared: what a client selects is small, and of many kinds.
web::NextPiece MetricsEndpoint::body(metrics::PageRequest request, web::Encoding encoding) {
  auto snapshots = snapshots_();
  const auto versions = versions_of(snapshots);
  const auto render = [&] {
    return [page = make_page_(std::move(snapshots), request)] { return page->next(); };
  };
  if (encoding == web::Encoding::identity || !request.names.empty()) {
    return web::encode(render(), encoding);
  }
  return encoded_.with([&](Encoded& encoded) {
    if (encoded.of != versions) encoded = {.of = versions, .pages = {}};
    auto& page = encoded.pages[{request.format, encoding}];
    if (!page) page = std::make_shared<web::SharedBody>(web::encode(render(), encoding));
    return web::SharedBody::read(page);
  });
}

}  // namespace tidegauge::app
