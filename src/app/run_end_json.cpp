#include "app/run_end_json.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/json_members.h"

namespace tidegauge::app {
namespace {

using model::Evidence;
using model::RunEnd;
using model::RunUse;

// --- writing ------------------------------------------------------------------------------------

void write_text(json::Writer& writer, std::string_view name, std::string_view text) {
  if (!text.empty()) writer.key(name).value(text);
}

void write_evidence(json::Writer& writer, const Evidence& evidence, Decimals decimals) {
  writer.object([&] {
    writer.key("at").value(to_rfc3339(evidence.at, decimals));
    writer.key("source").value(to_string(evidence.source));
    writer.key("text").value(evidence.text);
  });
}

void write_use(json::Writer& writer, const RunUse& use, Decimals decimals) {
  writer.object([&] {
    writer.key("read_at").value(to_rfc3339(use.read_at, decimals));
    writer.key("is_final").value(use.is_final);
    write_known(writer, "cpu_seconds", use.cpu_seconds);
    write_known(writer, "memory_bytes", use.memory_bytes);
    write_known(writer, "memory_peak_bytes", use.memory_peak_bytes);
  });
}

void write_container(json::Writer& writer, const RunEnd& end) {
  write_text(writer, "name", end.name);
  write_text(writer, "id", end.id);
  write_text(writer, "image", end.image);
  write_text(writer, "image_id", end.image_id);
  write_text(writer, "project", end.project);
  write_text(writer, "service", end.service);
}

void write_outcome(json::Writer& writer, const RunEnd& end, Decimals decimals) {
  if (end.started_at) writer.key("started_at").value(to_rfc3339(*end.started_at, decimals));
  writer.key("ended_at").value(to_rfc3339(end.ended_at, decimals));
  write_known(writer, "duration_seconds", duration_seconds(end));
  write_known(writer, "exit_code", end.exit_code);
  if (end.signal) writer.key("signal").value(model::signal_name(*end.signal));
  writer.key("cause").value(to_string(end.cause));
}

// --- reading ------------------------------------------------------------------------------------

/// The elements of an array, by `read`, which takes the element and the array's reader.
template <class Item, class Read>
std::vector<Item> list_of(Members& members, std::string_view name, Read read) {
  std::vector<Item> items;
  const auto list = members.at(name);
  if (list.is_present() && !list.is_array()) members.note(name, "is no list");
  if (!list.is_array()) return items;
  for (const auto element : list.elements()) items.push_back(read(element));
  return items;
}

Evidence read_evidence(json::Value element, Members& of_end) {
  Members members(element);
  Evidence evidence{
      .at = members.needed("at", members.time("at")),
      .source = members.needed(
          "source", members.parsed("source", model::parse_evidence_source, "is no source")),
      .text = members.text("text")};
  if (members.mistake()) of_end.note("evidence:", *members.mistake());
  return evidence;
}

std::optional<RunUse> read_use(Members& of_end) {
  const auto use = of_end.at("use");
  if (!use.is_present()) return std::nullopt;
  Members members(use);
  const RunUse read{.read_at = members.needed("read_at", members.time("read_at")),
                    .is_final = members.flag("is_final"),
                    .cpu_seconds = members.number("cpu_seconds"),
                    .memory_bytes = members.count("memory_bytes"),
                    .memory_peak_bytes = members.count("memory_peak_bytes")};
  if (members.mistake()) of_end.note("use:", *members.mistake());
  return read;
}

std::string read_line(json::Value element, Members& of_end) {
  if (!element.text_view()) of_end.note("log_lines:", "an element is no text");
  return element.text();
}

RunEnd read_container(Members& members) {
  RunEnd end;
  end.number = members.needed("number", members.count("number"));
  end.name = members.text("name");
  end.id = members.text("id");
  end.image = members.text("image");
  end.image_id = members.text("image_id");
  end.project = members.text("project");
  end.service = members.text("service");
  return end;
}

}  // namespace

void write_run_end(json::Writer& writer, std::string_view endpoint, const RunEnd& end,
                   const RunEndForm& form) {
  writer.object([&] {
    write_text(writer, "endpoint", endpoint);
    writer.key("number").value(end.number);
    write_container(writer, end);
    write_outcome(writer, end, form.decimals);
    writer.key("evidence").array([&] {
      for (const auto& evidence : end.evidence) write_evidence(writer, evidence, form.decimals);
    });
    write_known(writer, "memory_limit_bytes", end.memory_limit_bytes);
    if (end.use) write_use(writer.key("use"), *end.use, form.decimals);
    write_text(writer, "aftermath", to_string(end.aftermath));
    if (!form.log_lines || end.log_lines.empty()) return;
    writer.key("log_lines").array([&] {
      for (const auto& line : end.log_lines) writer.value(line);
    });
  });
}

Result<RunEnd> read_run_end(json::Value object) {
  Members members(object);
  auto end = read_container(members);
  end.started_at = members.time("started_at");
  end.ended_at = members.needed("ended_at", members.time("ended_at"));
  end.exit_code = members.integer("exit_code");
  end.signal = members.parsed("signal", model::parse_signal_name, "is no signal");
  end.cause =
      members.needed("cause", members.parsed("cause", model::parse_end_cause, "is no cause"));
  end.evidence = list_of<Evidence>(
      members, "evidence", [&](json::Value element) { return read_evidence(element, members); });
  end.memory_limit_bytes = members.count("memory_limit_bytes");
  end.use = read_use(members);
  end.aftermath = members.parsed("aftermath", model::parse_aftermath, "is no aftermath")
                      .value_or(model::Aftermath::none);
  end.log_lines = list_of<std::string>(
      members, "log_lines", [&](json::Value element) { return read_line(element, members); });
  if (members.mistake()) return fail(Errc::bad_reply, "the end of a run: " + *members.mistake());
  return end;
}

}  // namespace tidegauge::app
