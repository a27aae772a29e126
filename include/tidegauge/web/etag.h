#pragma once

// Whether a client has what it asks for already (RFC 9110, section 13.1.2). Used by handlers whose
// answers have an ETag; they answer such a client with status 304 and without a body. A pure
// function.

#include <string_view>

namespace tidegauge::web {

/// Whether a header If-None-Match names the tag, or any with "*". The comparison is weak: "W/" of
/// either does not matter. What follows a tag that is not valid is not read.
[[nodiscard]] bool matches_etag(std::string_view if_none_match, std::string_view etag);

}  // namespace tidegauge::web
