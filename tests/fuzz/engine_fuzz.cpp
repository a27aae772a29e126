// GET /version and GET /info, and the version of the API that an Engine offers in a header.

#include "docker/replies.h"
#include "fuzz/oracle.h"

using namespace tidegauge;

namespace {

void describe(const model::EngineVersion& version, fuzz::Facts& facts) {
  if (version.version.empty()) fuzz::finding("no version");
  facts.text("version", version.version);
  facts.text("API", to_string(version.api_version));
  facts.text("oldest API", to_string(version.min_api_version));
  facts.text("os", version.os);
  facts.text("arch", version.arch);
  facts.text("kernel", version.kernel_version);
}

void describe(const model::EngineInfo& info, fuzz::Facts& facts) {
  facts.text("name", info.name);
  facts.text("os", info.operating_system);
  facts.text("root", info.docker_root_dir);
  facts.text("storage", info.storage_driver);
  facts.text("cgroup driver", info.cgroup_driver);
  facts.derived("cgroup version", info.cgroup_version);
  facts.number("cpus", info.cpus);
  facts.number("memory", info.memory_bytes);
  facts.number("containers", info.containers);
}

void check_api_version(std::string_view text) {
  const auto version = model::parse_api_version(text);
  if (!version) return;
  if (model::parse_api_version(to_string(*version)) != version) fuzz::finding("reads otherwise");
  const fuzz::WholeNumbers major(text.substr(0, text.find('.')));
  const fuzz::WholeNumbers minor(text.substr(text.find('.') + 1));
  if (!major.contain(std::to_string(version->major)) ||
      !minor.contain(std::to_string(version->minor))) {
    fuzz::finding("an API version that nobody said");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::text_of(data, size);
  const auto tell = [](const auto& value, fuzz::Facts& facts) { describe(value, facts); };
  fuzz::check_json(text, docker::parse_version, tell);
  fuzz::check_json(text, docker::parse_info, tell);
  check_api_version(text);
  return 0;
}
