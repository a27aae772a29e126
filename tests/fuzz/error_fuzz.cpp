// The body of an answer that is an error.

#include "docker/replies.h"
#include "fuzz/oracle.h"
#include "tidegauge/util/utf8.h"

using namespace tidegauge;

namespace {

bool is_line_of_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto length = utf8_character_length(text);
    if (length == 0 || static_cast<unsigned char>(text.front()) < 0x20) return false;
    text.remove_prefix(length);
  }
  return true;
}

/// Whether the message is made of the JSON's text, not of the start of the body.
bool is_told(std::string_view message, std::string_view body) {
  return message != one_line(body.substr(0, body.find_first_of("\r\n")), 256);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto body = fuzz::text_of(data, size);
  const auto message = docker::error_message(body);
  if (message.size() > 256) fuzz::finding("a message that is too long");
  if (!is_line_of_utf8(message)) fuzz::finding("a message that is no line of UTF-8");
  if (body.starts_with('{')) {
    const auto again = docker::error_message(fuzz::spaced(body));
    if (is_told(message, body) && again != message) {
      fuzz::finding("white space made a difference");
    }
  }
  return 0;
}
