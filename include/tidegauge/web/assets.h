#pragma once

// The files of the status page, as src/web/assets has them, which the build makes a part of the
// program (src/EmbedAssets.cmake). `app` makes a route of each. Constant, so thread-safe.

#include <span>
#include <string_view>

#include "tidegauge/web/messages.h"

namespace tidegauge::web {

struct Asset {
  std::string_view path;  ///< of its route: "/assets/page.css"
  std::string_view content_type;
  /// As in the header. Weak: a strong one would promise the same bytes with and without
  /// compression.
  std::string_view etag;
  std::span<const unsigned char> gzip;
};

[[nodiscard]] std::span<const Asset> assets() noexcept;

/// The file, compressed where the client accepts that, or status 304 where it has the file. Its
/// path has no version, so the client asks each time whether the file has changed.
[[nodiscard]] Response answer_asset(const Asset& asset, const Request& request);

}  // namespace tidegauge::web
