#include "app/response_encoding.h"

namespace tidegauge::app {

std::optional<web::Encoding> choose_encoding(const web::Request& request,
                                             config::Compression compression) {
  const web::AcceptedEncodings accepted(request.accept_encoding);
  const bool plain = compression == config::Compression::off ||
                     (compression == config::Compression::automatic && request.is_local);
  if (plain && accepted.accepts(web::Encoding::identity)) return web::Encoding::identity;
  if (compression == config::Compression::off) return std::nullopt;
  return accepted.preferred();
}

}  // namespace tidegauge::app
