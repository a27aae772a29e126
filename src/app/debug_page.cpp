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

void write_pool(json::Writer& writer, const std::string& endpoint,
                const std::vector<model::SlotStats>& slots) {
  writer.object([&] {
    writer.key("endpoint").value(endpoint);
    writer.key("slots").array([&] {
      for (const auto& slot : slots) write_slot(writer, slot);
    });
  });
}

}  // namespace

std::string debug_page(
    const std::vector<std::pair<std::string, std::vector<model::SlotStats>>>& pools) {
  std::string page;
  json::Writer writer(page);
  writer.object([&] {
    writer.key("pools").array([&] {
      for (const auto& pool : pools) write_pool(writer, pool.first, pool.second);
    });
  });
  return page + '\n';
}

}  // namespace tidegauge::app
