#pragma once

// A program that a test runs, with what it writes. Belongs to one thread; the program does not
// outlive its object.

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "support/temporary_directory.h"

namespace tidegauge::test {

/// Runs a program of the PATH.
[[nodiscard]] std::vector<std::string> command_in_path(std::vector<std::string> command);
/// The one variable that it needs.
[[nodiscard]] std::vector<std::string> path_variable();

class ChildProcess {
 public:
  /// Starts `command`, a path and its arguments, with nothing but `environment` ("NAME=value").
  explicit ChildProcess(std::vector<std::string> command,
                        std::vector<std::string> environment = {});
  /// Kills it if it still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// What it has written so far.
  [[nodiscard]] std::string output() const { return read_file(directory_.file("output")); }
  [[nodiscard]] std::string errors() const { return read_file(directory_.file("errors")); }
  /// Waits until its standard error has this in it; throws where it never does, or has ended.
  void wait_for_errors(std::string_view part);

  void signal(int number) const;
  /// Its exit status, or 128 and the signal that killed it. Throws where it goes on for longer.
  int wait(std::chrono::milliseconds limit = std::chrono::seconds(20));

 private:
  bool has_ended();

  TemporaryDirectory directory_;
  pid_t pid_ = -1;
  bool ended_ = false;
  int status_ = 0;
};

}  // namespace tidegauge::test
