#include "tidegauge/web/assets.h"

#include <zlib.h>

#include <array>
#include <cstddef>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include "tidegauge/web/etag.h"
#include "tidegauge/web/negotiation.h"

namespace tidegauge::web {
namespace {

/// What gzip has compressed. Throws where the bytes are not whole.
std::string inflated(std::span<const unsigned char> bytes) {
  constexpr int window_bits_of_gzip = 15 + 16;
  z_stream stream{};
  if (inflateInit2(&stream, window_bits_of_gzip) != Z_OK) throw std::bad_alloc();
  // zlib does not write to its input; its interface is older than const.
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string text;
  std::array<char, std::size_t{16} * 1024> buffer;  // NOLINT(*-member-init): written by zlib
  int result = Z_OK;
  while (result == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = buffer.size();
    result = inflate(&stream, Z_NO_FLUSH);
    text.append(buffer.data(), buffer.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error("an embedded file is damaged");
  return text;
}

}  // namespace

Response answer_asset(const Asset& asset, const Request& request) {
  const bool compressed = AcceptedEncodings(request.accept_encoding).accepts(Encoding::gzip);
  Response response{.content_type = std::string(asset.content_type),
                    .headers = {{"ETag", std::string(asset.etag)},
                                {"Cache-Control", "no-cache"},
                                {"Vary", "Accept-Encoding"},
                                {"X-Content-Type-Options", "nosniff"}}};
  if (matches_etag(request.if_none_match, asset.etag)) response.status = 304;
  if (compressed) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.body.assign(asset.gzip.begin(), asset.gzip.end());
  } else {
    response.body = inflated(asset.gzip);
  }
  return response;
}

}  // namespace tidegauge::web
