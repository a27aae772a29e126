#pragma once

// Reads `web.config_file`, in the format web-config.yml of the Prometheus exporter toolkit, and
// `web.bearer_token_file`. docs/web_config.md is the user's view, with the places where this reader
// is stricter than the toolkit. The app calls these functions at the start and when a file has
// changed.
//
// Free functions without state: thread-safe. They read files of at most 1 MiB each, and never a
// pipe or a device. Certificates and keys are read, not looked at: `web` knows TLS.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/config/config.h"
#include "tidegauge/config/web_protection.h"
#include "tidegauge/model/error.h"

namespace tidegauge::config {

/// Errc::invalid_config: the message has every mistake, each on a line: "web.yml:3: ...". Relative
/// paths in the file are relative to its directory.
[[nodiscard]] Result<WebProtection> load_web_config_file(const std::string& path);

/// The only line of the file. Errc::invalid_config: not readable, empty, or with characters that
/// cannot be in a token. Who may read the file is not checked: a secret of Kubernetes is readable
/// by everybody in its container.
[[nodiscard]] Result<std::string> load_bearer_token_file(const std::string& path);

/// Both files that the options name, as far as they name any. Errc::invalid_config also where logs
/// or processes would be shown to clients of other machines that need not show who they are.
[[nodiscard]] Result<WebProtection> load_web_protection(const WebConfig& options);

/// The files that `load_web_protection` reads, absolute or relative to the working directory, each
/// once: those that the options name, then those that the first of them names. A file that does not
/// exist or that has a mistake is in the list, too.
[[nodiscard]] std::vector<std::string> web_protection_files(const WebConfig& options);

/// The cost of a bcrypt hash with one of the prefixes $2a$, $2b$ and $2y$: 4 to 31. A check takes
/// time in proportion to 2 to the power of the cost. Absent: the text is not such a hash.
[[nodiscard]] std::optional<unsigned> bcrypt_cost(std::string_view hash);

}  // namespace tidegauge::config
