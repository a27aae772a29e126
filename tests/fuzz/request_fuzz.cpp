// A request head with its headers, as the HTTP library hands it over: one header a line, the target
// first. What is accepted must be safe to use, and negotiation must choose something that exists.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/oracle.h"
#include "tidegauge/web/negotiation.h"
#include "web/request_head.h"

using namespace tidegauge;

namespace {

std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

web::RequestHead head_of(std::string_view text) {
  web::RequestHead head{.method = "GET",
                        .target = std::string(take_line(text)),
                        .version = std::string(take_line(text)),
                        .headers = {}};
  while (!text.empty()) {
    const auto line = take_line(text);
    const auto colon = std::min(line.find(':'), line.size());
    head.headers.emplace_back(line.substr(0, colon), line.substr(std::min(colon + 1, line.size())));
  }
  return head;
}

void check_request(const web::RequestHead& head) {
  const auto request = web::parse_request(head);
  if (!request) return;
  if (!request->path.starts_with('/')) fuzz::finding("a path that does not begin with a slash");
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::ranges::any_of(request->path, is_control)) fuzz::finding("a control character");
  if (head.count("host") > 1 || head.count("transfer-encoding") > 0) {
    fuzz::finding("a request that can be read in two ways");
  }
  for (const auto& value : web::query_values(request->query, "name[]")) {
    if (value.size() > request->query.size()) fuzz::finding("a value longer than its query");
  }
}

void check_negotiation(std::string_view accept, std::string_view accept_encoding) {
  const std::vector<web::MediaRange> offers{
      {.type = "text/plain", .parameters = {{"version", "0.0.4"}}},
      {.type = "application/openmetrics-text", .parameters = {{"version", "1.0.0"}}}};
  const auto ranges = web::parse_accept(accept);
  for (const auto& range : ranges) {
    if (!(range.q >= 0 && range.q <= 1)) fuzz::finding("a weight beyond 0 to 1");
  }
  const auto choice = web::choose_media(ranges, offers);
  if (choice.offer >= offers.size()) fuzz::finding("a format that there is not");
  if (choice.range != nullptr && choice.range->q <= 0) fuzz::finding("a format that is refused");
  const web::AcceptedEncodings accepted(accept_encoding);
  const auto encoding = accepted.preferred();
  if (encoding && !accepted.accepts(*encoding)) fuzz::finding("an encoding that is refused");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto head = head_of(fuzz::text_of(data, size));
  check_request(head);
  check_negotiation(head.header("accept"), head.header("accept-encoding"));
  return 0;
}
