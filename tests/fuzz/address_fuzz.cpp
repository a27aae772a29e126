// Where an Engine listens, as DOCKER_HOST and the configuration say.

#include "fuzz/oracle.h"
#include "tidegauge/model/engine_address.h"

using namespace tidegauge;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::text_of(data, size);
  const auto address = model::parse_engine_address(text);
  if (!address) {
    if (address.error().code != Errc::invalid_config) fuzz::finding("an error of another kind");
    return 0;
  }
  const auto written = to_string(*address);
  if (model::parse_engine_address(written) != *address)
    fuzz::finding("reads otherwise: " + written);
  if (address->scheme == model::EngineAddress::Scheme::unix_socket) return 0;
  fuzz::Facts facts(text);
  facts.number("port", address->port, {2375, 2376});
  return 0;
}
