// print_page FORMAT: prints the example page with containers whose labels are hostile, for readers
// that are not written in C++.

#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include "metrics/example_input.h"
#include "metrics/rendering.h"

using namespace tidegauge;

namespace {

metrics::PageInput hostile_input() {
  auto input = test::example_input();
  auto engine = *input.engines[0];
  const auto add = [&](const std::string& name, const std::string& image) {
    auto record = test::running_container("hostile");
    auto container = *record.container;
    container.name = name;
    container.image = image;
    record.container = std::make_shared<model::Container>(container);
    record.cgroup_path = "/docker/hostile" + std::to_string(engine.containers.size());
    engine.containers.push_back(record);
  };
  add("quotes\"and\\backslash", "line\nbreak");
  add("},{ x=\"y\" 1", "# EOF\n# TYPE x counter\n");
  add("ends with a backslash\\", "\xFF\xFE\xC0\xAF");
  add("Gr\xC3\xBC\xC3\x9F", "\\n\\\"");
  input.engines = {std::make_shared<const model::EngineSnapshot>(engine)};
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, metrics::Format> formats{
      {"text", metrics::Format::text},
      {"openmetrics", metrics::Format::openmetrics},
      {"protobuf", metrics::Format::protobuf}};
  const auto format = argc == 2 ? formats.find(argv[1]) : formats.end();
  if (format == formats.end()) {
    std::fputs("usage: print_page text|openmetrics|protobuf\n", stderr);
    return 2;
  }
  const auto page = test::render(hostile_input(), {.request = {.format = format->second}});
  return std::fwrite(page.data(), 1, page.size(), stdout) == page.size() ? 0 : 1;
}
