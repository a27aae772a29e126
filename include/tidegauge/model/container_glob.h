#pragma once

// Selects containers by a glob over their name, image or a label. Values of options; pure
// functions.

#include <cstdint>
#include <string>
#include <string_view>

#include "tidegauge/model/container.h"
#include "tidegauge/model/error.h"

namespace tidegauge::model {

struct ContainerGlob {
  enum class Subject : std::uint8_t { name, image, label };

  Subject subject = Subject::name;
  std::string key;      ///< the full key of the label
  std::string pattern;  ///< as in fnmatch(3); * also matches slashes

  friend bool operator==(const ContainerGlob&, const ContainerGlob&) = default;
};

/// The forms of a glob, for messages and documentation.
inline constexpr std::string_view container_glob_forms =
    "NAME, image:IMAGE, label:KEY or label:KEY=VALUE, where NAME, IMAGE and VALUE may have *, ? "
    "and [abc]";

/// Errc::invalid_config for any other text. The message says why, without the list of forms.
[[nodiscard]] Result<ContainerGlob> parse_container_glob(std::string_view text);

/// A text that `parse_container_glob` reads back.
[[nodiscard]] std::string to_string(const ContainerGlob& glob);

[[nodiscard]] bool matches(const ContainerGlob& glob, const Container& container);

}  // namespace tidegauge::model
