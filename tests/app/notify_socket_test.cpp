#include "app/notify_socket.h"

#include <unistd.h>

#include <chrono>
#include <string>

#include "support/catch.h"
#include "support/service_manager.h"
#include "support/temporary_directory.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using app::NotifySocket;
using app::watchdog_limit;
using test::contains;
using test::ServiceManager;

namespace {

/// A name that no other test has at the same time.
std::string abstract_name() {
  return "@tidegauge-test-" + std::to_string(::getpid());
}

}  // namespace

TEST_CASE("lines go to the socket of the service manager as one datagram") {
  const test::TemporaryDirectory directory;
  const bool is_abstract = GENERATE(false, true);
  ServiceManager manager(is_abstract ? abstract_name() : directory.file("notify"));
  const NotifySocket socket(manager.address().c_str());
  REQUIRE(socket.is_open());
  REQUIRE(socket.send("READY=1\nSTATUS=all is well"));
  CHECK(manager.next() == "READY=1\nSTATUS=all is well");
}

TEST_CASE("without an address that can be used there is nobody to tell") {
  CHECK_FALSE(NotifySocket(nullptr).is_open());
  const std::string too_long = "/" + std::string(107, 'x');
  for (const std::string& address :
       {std::string(), std::string("vsock:2:1234"), std::string("relative/path"), too_long}) {
    INFO(address);
    CHECK_FALSE(NotifySocket(address.c_str()).is_open());
  }
}

TEST_CASE("a service manager that takes no more is not waited for") {
  const test::TemporaryDirectory directory;
  const ServiceManager manager(directory.file("notify"));
  const NotifySocket socket(manager.address().c_str());
  auto told = socket.send("WATCHDOG=1");
  for (int i = 0; i < 100'000 && told; ++i) told = socket.send("WATCHDOG=1");
  REQUIRE_FALSE(told);
  CHECK_THAT(told.error().message, contains("$NOTIFY_SOCKET: Resource temporarily unavailable"));
}

TEST_CASE("a service manager that has ended is a failure") {
  const test::TemporaryDirectory directory;
  const auto path = directory.file("notify");
  {
    const ServiceManager manager(path);
  }
  const auto told = NotifySocket(path.c_str()).send("READY=1");
  REQUIRE_FALSE(told);
  CHECK_THAT(told.error().message, contains("Connection refused"));
}

TEST_CASE("the limit of the watchdog is that of this process alone") {
  const auto own = std::to_string(::getpid());
  CHECK(watchdog_limit("30000000", nullptr) == 30s);
  CHECK(watchdog_limit("30000000", own.c_str()) == 30s);
  CHECK_FALSE(watchdog_limit("30000000", "1"));
  CHECK_FALSE(watchdog_limit("30000000", "me"));
  CHECK_FALSE(watchdog_limit(nullptr, own.c_str()));
  CHECK_FALSE(watchdog_limit("0", nullptr));
  CHECK_FALSE(watchdog_limit("-1", nullptr));
  CHECK_FALSE(watchdog_limit("30s", nullptr));
}
