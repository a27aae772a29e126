// The body of an answer that is an error.

#include "docker/json.h"
#include "fuzz/oracle.h"

using namespace tidegauge;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto body = fuzz::text_of(data, size);
  const auto message = docker::json::error_message(body);
  if (message.size() > size) fuzz::finding("a message longer than what came");
  if (body.starts_with('{')) {
    const auto again = docker::json::error_message(fuzz::spaced(body));
    if (message != body.substr(0, message.size()) && again != message) {
      fuzz::finding("white space made a difference");
    }
  }
  return 0;
}
