#pragma once

// One section of a file in the format web-config.yml: a map of values. Used by the reader of that
// file alone. A mistake is appended to the list of mistakes, and its value counts as not set, as
// does a value that is null.

#include <yaml-cpp/yaml.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/setting.h"

namespace tidegauge::config {

class WebSection {
 public:
  struct Field {
    YAML::Node value;
    Origin origin;
  };

  /// The section `name` of `file`, or the file itself where `name` is empty. `field`: where the
  /// section stands and its content, which may be null. `known`: the keys that may be there; none:
  /// any.
  WebSection(std::string file, std::string name, const Field& field,
             const std::vector<std::string>& known, MistakeList& mistakes);

  /// In the order of their names.
  [[nodiscard]] const std::map<std::string, Field>& fields() const { return fields_; }

  /// Whether the value is there, and neither null nor empty text. The functions below record a
  /// mistake at each call, so call one of them once for a key.
  [[nodiscard]] bool has(std::string_view key) const;
  /// Empty where it is not set.
  [[nodiscard]] std::string text(std::string_view key) const;
  /// As YAML 1.1 writes it: true, yes, on, ...
  [[nodiscard]] bool flag(std::string_view key, bool otherwise) const;
  [[nodiscard]] std::vector<std::string> list(std::string_view key) const;
  /// The texts of a map, its keys in their order.
  [[nodiscard]] std::map<std::string, std::string> texts() const;

  /// Records a mistake in the value of `key`, or in the section where `key` is not there.
  void refuse(std::string_view key, std::string_view what) const;

 private:
  void read(const YAML::Node& content, const std::vector<std::string>& known);
  [[nodiscard]] std::string path_of(std::string_view key) const;
  [[nodiscard]] Origin place_of(const YAML::Node& node) const;
  [[nodiscard]] const YAML::Node* value_of(std::string_view key) const;

  std::string file_;
  std::string name_;
  Origin origin_;
  MistakeList& mistakes_;
  std::map<std::string, Field> fields_;
};

}  // namespace tidegauge::config
