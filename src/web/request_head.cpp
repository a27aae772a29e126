#include "web/request_head.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "tidegauge/util/ascii.h"

namespace tidegauge::web {
namespace {

/// Nothing where the text has a "%" without two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const auto digits = text.substr(i + 1, 2);
    unsigned int byte = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || error != std::errc{} || end != digits.data() + 2) return std::nullopt;
    decoded += static_cast<char>(byte);
    i += 2;
  }
  return decoded;
}

/// Takes the first parameter off `query`. Nothing where it has a malformed escape.
std::optional<std::pair<std::string, std::string>> take_parameter(std::string_view& query) {
  const auto end = std::min(query.find('&'), query.size());
  std::string part(query.substr(0, end));
  query.remove_prefix(std::min(end + 1, query.size()));
  std::ranges::replace(part, '+', ' ');
  const auto equals = std::min(part.find('='), part.size());
  auto name = percent_decoded(std::string_view(part).substr(0, equals));
  auto value = percent_decoded(std::string_view(part).substr(std::min(equals + 1, part.size())));
  if (!name || !value) return std::nullopt;
  return std::pair(*std::move(name), *std::move(value));
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

/// The path and query of a target; empty where it is neither a path nor a URI.
std::string_view origin_form(std::string_view target) {
  if (target.starts_with('/')) return target;
  const auto scheme_end = target.find("://");
  const auto scheme = ascii_lower_case(target.substr(0, std::min<std::size_t>(scheme_end, 5)));
  if (scheme != "http" && scheme != "https") return {};
  const auto path = target.find_first_of("/?", scheme_end + 3);
  if (path == std::string_view::npos) return "/";
  return target[path] == '/' ? target.substr(path) : "/";
}

std::expected<void, Refusal> check_framing(const RequestHead& head) {
  if (head.version != "HTTP/1.1" && head.version != "HTTP/1.0") {
    return std::unexpected(Refusal{505, "only HTTP/1.0 and HTTP/1.1"});
  }
  for (const std::string_view once : {"content-length", "transfer-encoding", "host"}) {
    if (head.count(once) > 1) return std::unexpected(Refusal{400, "a header is repeated"});
  }
  if (head.version == "HTTP/1.1" && head.count("host") == 0) {
    return std::unexpected(Refusal{400, "the header Host is missing"});
  }
  const auto length = head.header("content-length");
  if (head.count("transfer-encoding") > 0 || (head.count("content-length") > 0 && length != "0")) {
    return std::unexpected(Refusal{400, "a request must not have a body"});
  }
  return {};
}

/// "[::1]:9717" and "10.0.0.1:9717" without the port.
std::string_view without_port(std::string_view host) {
  const auto end_of_address = host.starts_with('[') ? host.find(']') : 0;
  return host.substr(0,
                     host.find(':', end_of_address == std::string_view::npos ? 0 : end_of_address));
}

bool is_ip_address(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) return true;  // nothing else has brackets
  in_addr address{};
  return ::inet_pton(AF_INET, std::string(host).c_str(), &address) == 1;
}

}  // namespace

bool is_for_this_machine(const RequestHead& head) {
  for (const std::string_view by_proxy : {"forwarded", "x-forwarded-for", "x-real-ip", "via"}) {
    if (head.count(by_proxy) > 0) return false;
  }
  const auto header = ascii_lower_case(head.header("host"));
  const auto host = without_port(header);
  return host.empty() || host == "localhost" || is_ip_address(host);
}

std::string RequestHead::header(std::string_view name) const {
  std::string joined;
  for (const auto& [key, value] : headers) {
    if (ascii_lower_case(key) != name) continue;
    if (!joined.empty()) joined += ", ";
    joined += value;
  }
  return joined;
}

std::size_t RequestHead::count(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      headers, [name](const auto& header) { return ascii_lower_case(header.first) == name; }));
}

std::expected<Request, Refusal> parse_request(const RequestHead& head) {
  if (const auto framing = check_framing(head); !framing) return std::unexpected(framing.error());
  const auto target = origin_form(head.target);
  const auto mark = std::min(target.find('?'), target.size());
  const auto path = percent_decoded(target.substr(0, mark));
  if (!path || path->empty() || std::ranges::any_of(*path, is_control)) {
    return std::unexpected(Refusal{400, "the request target is not a path"});
  }
  return Request{.path = *path,
                 .query = std::string(target.substr(std::min(mark + 1, target.size()))),
                 .accept = head.header("accept"),
                 .accept_encoding = head.header("accept-encoding"),
                 .if_none_match = head.header("if-none-match")};
}

std::optional<std::vector<std::pair<std::string, std::string>>> query_parameters(
    std::string_view query) {
  std::vector<std::pair<std::string, std::string>> all;
  while (!query.empty()) {
    auto parameter = take_parameter(query);
    if (!parameter) return std::nullopt;
    all.push_back(*std::move(parameter));
  }
  return all;
}

std::vector<std::string> query_values(std::string_view query, std::string_view name) {
  std::vector<std::string> values;
  while (!query.empty()) {
    auto parameter = take_parameter(query);
    if (parameter && parameter->first == name) values.push_back(std::move(parameter->second));
  }
  return values;
}

}  // namespace tidegauge::web
