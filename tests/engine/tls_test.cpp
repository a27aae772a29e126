// A real Engine that listens on TCP and wants to see certificates.

#include <fcntl.h>
#include <sched.h>

#include <string>
#include <vector>

#include "support/catch.h"
#include "support/daemon_process.h"
#include "support/real_engine.h"
#include "support/temporary_directory.h"
#include "support/tls_front.h"
#include "support/wait_until.h"
#include "tidegauge/util/unique_fd.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::CertificateAuthority;
using test::Credentials;
using test::DaemonProcess;
using test::RealEngine;
using test::TemporaryDirectory;

namespace {

/// This thread, and what it starts meanwhile, in the network of another process.
class InNetworkOf {
 public:
  explicit InNetworkOf(pid_t process) : before_(network_of("thread-self")) {
    REQUIRE(::setns(network_of(std::to_string(process)).get(), CLONE_NEWNET) == 0);
  }
  InNetworkOf(const InNetworkOf&) = delete;
  InNetworkOf& operator=(const InNetworkOf&) = delete;
  ~InNetworkOf() { ::setns(before_.get(), CLONE_NEWNET); }

 private:
  static UniqueFd network_of(const std::string& process) {
    return UniqueFd(::open(("/proc/" + process + "/ns/net").c_str(), O_RDONLY | O_CLOEXEC));
  }

  UniqueFd before_;
};

std::vector<std::string> arguments_with(const CertificateAuthority& ca, const Credentials& client) {
  return {"--pool.socket_path=https://127.0.0.1:2376", "--pool.tls_ca_file=" + ca.file(),
          "--pool.tls_cert_file=" + client.cert_file, "--pool.tls_key_file=" + client.key_file};
}

}  // namespace

TEST_CASE("an Engine that listens with --tlsverify is watched, by whom it trusts, on few sockets") {
  const TemporaryDirectory directory;
  const CertificateAuthority ca(directory, "ca");
  const auto server = ca.issue("server", "127.0.0.1");
  const RealEngine engine("--host tcp://127.0.0.1:2376 --tlsverify --tlscacert " + ca.file() +
                          " --tlscert " + server.cert_file + " --tlskey " + server.key_file);
  const auto id = engine.run("web", R"({"Cmd": ["sleep", "inf"]})");
  const InNetworkOf network(engine.pid());

  const auto client = ca.issue("client", "client");
  {
    const auto once = test::run_once({.arguments = arguments_with(ca, client)});
    INFO(once.log);
    CHECK(once.status == 0);
    const test::Page page(once.page);
    CHECK(page.value("container_pids", {{"name", "web"}}) == 1);
    // Six calls at least: a connection each would be more.
    CHECK(page.value("tidegauge_pool_connections_created_total").value() <= 3);
  }

  const CertificateAuthority other(directory, "other");
  const auto stranger = other.issue("stranger", "client");
  const DaemonProcess daemon({.arguments = arguments_with(ca, stranger)});
  test::wait_until("the mistake is told, with the file", 20s, [&] {
    return daemon.get("/-/ready").body.contains("stranger-cert.pem signed by a CA that it trusts");
  });
  CHECK(daemon.page().value("tidegauge_engine_up") == 0);

  // The same files, of the CA that the Engine trusts: found without a restart.
  static_cast<void>(ca.issue("stranger", "client"));
  test::wait_until("the Engine is watched", 20s,
                   [&] { return daemon.page().value("container_pids", {{"name", "web"}}) == 1; });
}
