#include "app/debug_page.h"

#include "tidegauge/util/json_text.h"

namespace tidegauge::app {
namespace {

std::string slot_object(const model::SlotStats& slot) {
  return "{\"slot\":" + std::to_string(slot.slot) + ",\"state\":" + json_quoted(slot.state) +
         ",\"for_streams\":" + (slot.for_streams ? "true" : "false") +
         ",\"connected\":" + (slot.connected ? "true" : "false") +
         ",\"uses\":" + std::to_string(slot.uses) + ",\"holder\":" + json_quoted(slot.holder) + "}";
}

}  // namespace

std::string debug_page(
    const std::vector<std::pair<std::string, std::vector<model::SlotStats>>>& pools) {
  std::string page = "{\"pools\":[";
  for (const auto& [name, slots] : pools) {
    if (!page.ends_with('[')) page += ',';
    page += "{\"pool\":" + json_quoted(name) + ",\"slots\":[";
    for (const auto& slot : slots) {
      if (!page.ends_with('[')) page += ',';
      page += "\n" + slot_object(slot);
    }
    page += "]}";
  }
  return page + "]}\n";
}

}  // namespace tidegauge::app
