#include "config/endpoint_rules.h"

#include <tuple>

#include "config/loading.h"
#include "support/catch.h"

using namespace tidegauge;
using test::loaded;
using test::mistakes_in;

namespace {

const std::string readable = TIDEGAUGE_SOURCE_DIR "/README.md";

}  // namespace

TEST_CASE("the short form and an entry of the list take the same options of TLS") {
  const auto options = [](const std::string& indent) {
    return indent + "socket_path: https://host\n" + indent + "tls_ca_file: " + readable + "\n" +
           indent + "tls_cert_file: " + readable + "\n" + indent + "tls_key_file: " + readable +
           "\n" + indent + "tls_verify: false\n";
  };
  const auto shortened = loaded("pool:\n" + options("  ")).config.endpoints;
  const auto listed = loaded("endpoints:\n  - name: local\n" + options("    ")).config.endpoints;
  CHECK(shortened == listed);
  CHECK(shortened.at(0).tls ==
        model::TlsFiles{
            .ca_file = readable, .cert_file = readable, .key_file = readable, .verify = false});
}

TEST_CASE("files of TLS for an address without it are a mistake, in both forms") {
  CHECK(mistakes_in("pool:\n  socket_path: tcp://host:2376\n  tls_ca_file: " + readable + "\n") ==
        "config.yaml:3: pool.tls_ca_file: means nothing for tcp://host:2376; write "
        "https://host:port for TLS, or leave it out\n");
  CHECK(mistakes_in(
            "endpoints:\n  - name: a\n    socket_path: /run/a.sock\n    tls_verify: false\n") ==
        "config.yaml:4: endpoints[0].tls_verify: means nothing for unix:///run/a.sock; write "
        "https://host:port for TLS, or leave it out\n");
}

TEST_CASE("a file that cannot be read is named, with its line") {
  CHECK(
      mistakes_in("pool:\n  socket_path: https://host\n  tls_ca_file: /none.pem\n") ==
      "config.yaml:3: pool.tls_ca_file: /none.pem cannot be read: No such file or directory; name "
      "a PEM file that the user of the daemon may read\n");
  CHECK(mistakes_in("pool:\n  socket_path: https://host\n  tls_ca_file: /tmp\n") ==
        "config.yaml:3: pool.tls_ca_file: /tmp is no file; name a PEM file that the user of the "
        "daemon may read\n");
}

TEST_CASE("a certificate goes with its key, and the other way round") {
  CHECK(mistakes_in("pool:\n  socket_path: https://host\n  tls_cert_file: " + readable + "\n") ==
        "config.yaml:3: pool.tls_cert_file: goes with tls_key_file alone; set both\n");
  CHECK(mistakes_in("endpoints:\n- name: a\n  socket_path: https://host\n  tls_key_file: " +
                    readable + "\n") ==
        "config.yaml:4: endpoints[0].tls_key_file: goes with tls_cert_file alone; set both\n");
}

TEST_CASE("a path that depends on where the daemon was started is a mistake") {
  CHECK(
      mistakes_in("pool:\n  socket_path: https://host\n  tls_ca_file: ca.pem\n") ==
      "config.yaml:3: pool.tls_ca_file: \"ca.pem\" is no absolute path; allowed: an absolute path, "
      "or nothing\n");
}

TEST_CASE(
    "a directory in the place of the socket is a mistake, a socket that is not there is none") {
  CHECK(
      mistakes_in("pool:\n  socket_path: /tmp\n")
          .starts_with("config.yaml:2: pool.socket_path: /tmp is a directory, and no socket; name "
                       "the Engine's socket"));
  CHECK(mistakes_in("endpoints:\n- name: a\n  socket_path: unix:///tmp\n")
            .starts_with("config.yaml:3: endpoints[0].socket_path: /tmp is a directory"));
  std::ignore = loaded("pool:\n  socket_path: /tmp/none/docker.sock\n");
}

TEST_CASE("an Engine may have a pid file, in both forms") {
  CHECK(loaded("pool:\n  engine_pid_file: /run/docker.pid\n")
            .config.endpoints.at(0)
            .engine_pid_file == "/run/docker.pid");
  CHECK(loaded("endpoints:\n- name: a\n  socket_path: /run/a.sock\n  engine_pid_file: /run/a.pid\n")
            .config.endpoints.at(0)
            .engine_pid_file == "/run/a.pid");
}
