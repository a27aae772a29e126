// GET /containers/json

#include "docker/replies.h"
#include "fuzz/oracle.h"

using namespace tidegauge;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::check_json(fuzz::text_of(data, size), docker::parse_container_list,
                   [](const auto& all, fuzz::Facts& facts) {
                     for (const auto& row : all) {
                       if (row.id.empty()) fuzz::finding("no id");
                       facts.text(row.id, row.name);
                       facts.text("state", to_string(row.state));
                     }
                   });
  return 0;
}
