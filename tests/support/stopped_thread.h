#pragma once

// One thread of a child process that hangs for as long as the object lives, whatever it does, as in
// a system call that never returns: stopped by ptrace(2). Belongs to one thread of the test, and is
// destroyed before the ChildProcess.

#include <sys/types.h>

#include <string_view>

namespace tidegauge::test {

class StoppedThread {
 public:
  /// Throws where there is no thread of that name, or it cannot be stopped.
  StoppedThread(pid_t process, std::string_view thread);
  ~StoppedThread();
  StoppedThread(const StoppedThread&) = delete;
  StoppedThread& operator=(const StoppedThread&) = delete;

  /// The process can be waited for only once the end of the thread has been noticed here.
  void wait_for_end();

 private:
  pid_t id_ = -1;
};

}  // namespace tidegauge::test
