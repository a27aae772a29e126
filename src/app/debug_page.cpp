#include "app/debug_page.h"

#include "tidegauge/json/writer.h"

namespace tidegauge::app {
namespace {

void write_slot(json::Writer& writer, const model::SlotStats& slot) {
  writer.object([&] {
    writer.key("slot").value(slot.slot);
    writer.key("state").value(slot.state);
    writer.key("for_streams").value(slot.for_streams);
    writer.key("connected").value(slot.connected);
    writer.key("uses").value(slot.uses);
    writer.key("holder").value(slot.holder);
  });
}

}  // namespace

std::string debug_page(
    const std::vector<std::pair<std::string, std::vector<model::SlotStats>>>& pools) {
  std::string page;
  json::Writer writer(page);
  writer.object([&] {
    writer.key("pools").array([&] {
      for (const auto& [name, slots] : pools) {
        writer.object([&] {
          writer.key("endpoint").value(name);
          writer.key("slots").array([&] {
            for (const auto& slot : slots) write_slot(writer, slot);
          });
        });
      }
    });
  });
  return page + '\n';
}

}  // namespace tidegauge::app
