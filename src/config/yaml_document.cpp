#include "config/yaml_document.h"

#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>

namespace tidegauge::config {
namespace {

constexpr std::size_t largest_file = std::size_t{1} << 20;

/// Remembers where the last document began.
class DocumentStart : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override { line_ = mark.line + 1; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnAlias(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnScalar(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                const std::string& /*value*/) override {}
  void OnSequenceStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/,
                       YAML::anchor_t /*anchor*/, YAML::EmitterStyle::value /*style*/) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {}
  void OnMapEnd() override {}

  [[nodiscard]] int line() const { return line_; }

 private:
  int line_ = 0;
};

/// Takes two documents at most: YAML::LoadAll finds new ones without end in a file that begins
/// with a comma, and takes memory for each.
std::optional<int> line_of_second_document(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  DocumentStart start;
  if (!parser.HandleNextDocument(start) || !parser.HandleNextDocument(start)) return std::nullopt;
  return start.line();
}

YAML::Node only_document(const std::string& path, const std::string& text, MistakeList& mistakes) {
  if (const auto line = line_of_second_document(text)) {
    mistakes.add(in_file(path, *line), "a second document begins here; allowed: one, without ---");
  }
  return YAML::Load(text);
}

}  // namespace

Parsed<std::string> read_text(const std::string& path) {
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return std::unexpected(std::strerror(errno));
  std::string content(largest_file + 1, '\0');
  stream.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (stream.bad()) {
    return std::unexpected(errno != 0 ? std::strerror(errno) : "the reading failed");
  }
  content.resize(static_cast<std::size_t>(stream.gcount()));
  if (content.size() > largest_file) return std::unexpected("it is larger than 1 MiB");
  return content;
}

YamlDocument read_yaml_document(const std::string& path, MistakeList& mistakes) {
  const auto text = read_text(path);
  if (!text) {
    mistakes.add({Origin::Source::file, 0, path},
                 "cannot be read: " + text.error() + "; name a YAML file that this user may read");
    return {.root = {}, .complete = false};
  }
  try {
    return {.root = only_document(path, *text, mistakes)};
  } catch (const YAML::Exception& error) {
    mistakes.add(in_file(path, std::max(error.mark.line, 0) + 1),
                 "is not valid YAML: " + error.msg);
    return {.root = {}, .complete = false};
  }
}

}  // namespace tidegauge::config
