#pragma once

// The program `tidegauge` as its users run it: a process of its own, with its log kept. It takes a
// free port, and of the environment nothing that would configure it. Ends with its object, and with
// the test program. Belongs to one thread.

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/page.h"
#include "support/raw_client.h"
#include "support/temporary_directory.h"

namespace tidegauge::test {

struct DaemonOptions {
  std::string config = "/dev/null";    ///< the file; as it stands there, every option's default
  std::vector<std::string> arguments;  ///< as {"--pool.socket_path=/run/engine.sock"}
  std::optional<uid_t> user;           ///< and the group of that number, and no other
};

class DaemonProcess {
 public:
  /// Returns once it listens; throws with its log where it does not come to that.
  explicit DaemonProcess(const DaemonOptions& options);
  ~DaemonProcess();
  DaemonProcess(const DaemonProcess&) = delete;
  DaemonProcess& operator=(const DaemonProcess&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// GET, on a connection of its own.
  [[nodiscard]] RawClient::Reply get(std::string_view path) const;
  /// /metrics, which must answer with status 200.
  [[nodiscard]] Page page() const { return Page(page_text()); }
  [[nodiscard]] std::string page_text() const;
  /// What it has written to standard error so far.
  [[nodiscard]] std::string log() const;
  /// What its open descriptors lead to, as the kernel names it: "socket:[4711]", a path.
  [[nodiscard]] std::vector<std::string> descriptors() const;

  /// SIGTERM; the exit status. Throws where it has not ended within the limit.
  int terminate(std::chrono::milliseconds limit = std::chrono::seconds(30));

 private:
  [[nodiscard]] bool has_ended();
  void wait_for_port();

  TemporaryDirectory directory_;
  pid_t pid_ = -1;
  std::optional<int> status_;  ///< of waitpid, once it has ended
  std::uint16_t port_ = 0;
};

struct OneCycle {
  int status = 0;  ///< the exit status
  std::string page;
  std::string log;
};

/// Runs `tidegauge --once` to its end.
[[nodiscard]] OneCycle run_once(const DaemonOptions& options);
/// Its page, of the Engine at this address; throws with its log where it fails.
[[nodiscard]] std::string page_of_one_cycle(const std::string& engine_address,
                                            std::vector<std::string> more_arguments = {});

}  // namespace tidegauge::test
