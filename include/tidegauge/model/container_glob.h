#pragma once

// Which containers an option means: a glob over the name, the image or a label.

#include <cstdint>
#include <string>
#include <string_view>

#include "tidegauge/model/container.h"
#include "tidegauge/model/error.h"

namespace tidegauge::model {

struct ContainerGlob {
  enum class Subject : std::uint8_t { name, image, label };

  Subject subject = Subject::name;
  std::string key;      ///< of the label, in full
  std::string pattern;  ///< as fnmatch(3) has it, where * matches slashes too

  friend bool operator==(const ContainerGlob&, const ContainerGlob&) = default;
};

/// What may be written for one, in messages and documentation.
inline constexpr std::string_view container_glob_forms =
    "NAME, image:IMAGE, label:KEY or label:KEY=VALUE, where NAME, IMAGE and VALUE may have *, ? "
    "and [abc]";

/// Anything else is Errc::invalid_config; the message says why, not what is allowed.
[[nodiscard]] Result<ContainerGlob> parse_container_glob(std::string_view text);

/// The form that `parse_container_glob` reads back.
[[nodiscard]] std::string to_string(const ContainerGlob& glob);

[[nodiscard]] bool matches(const ContainerGlob& glob, const Container& container);

}  // namespace tidegauge::model
