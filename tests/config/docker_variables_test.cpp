#include <sys/socket.h>
#include <sys/un.h>

#include <filesystem>

#include "config/loading.h"
#include "support/catch.h"
#include "support/temporary_directory.h"
#include "tidegauge/util/unique_fd.h"

using namespace tidegauge;
using namespace tidegauge::config;
using test::contains;
using test::loaded;
using test::mistakes_in;
using test::TemporaryDirectory;

namespace {

/// The Engine that the environment alone leads to.
EndpointConfig engine_of(const std::vector<std::string>& environment) {
  return loaded("", {.environment = environment, .overrides = {}}).config.endpoints.at(0);
}

void write_pem_files(const TemporaryDirectory& directory) {
  for (const auto* name : {"ca.pem", "cert.pem", "key.pem"}) {
    static_cast<void>(directory.write(name, ""));
  }
}

void make_socket(const std::filesystem::path& path) {
  std::filesystem::create_directories(path.parent_path());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.string().copy(address.sun_path, sizeof address.sun_path - 1);
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
}

}  // namespace

TEST_CASE("without DOCKER_TLS_VERIFY tcp:// is plain HTTP, whatever the port") {
  const auto engine = engine_of({"DOCKER_HOST=tcp://host:2376", "DOCKER_CERT_PATH=/nowhere"});
  CHECK(to_string(engine.address) == "tcp://host:2376");
  CHECK(engine.tls == model::TlsFiles{});
}

TEST_CASE("with DOCKER_TLS_VERIFY tcp:// is TLS, with the files of DOCKER_CERT_PATH") {
  const TemporaryDirectory directory;
  write_pem_files(directory);
  const auto value = GENERATE(as<std::string>{}, "1", "0");  // any text, as of the docker command
  const auto engine = engine_of({"DOCKER_CERT_PATH=" + directory.path().string(),
                                 "DOCKER_TLS_VERIFY=" + value, "DOCKER_HOST=tcp://host"});
  CHECK(to_string(engine.address) == "https://host:2376");
  CHECK(engine.tls == model::TlsFiles{.ca_file = directory.file("ca.pem"),
                                      .cert_file = directory.file("cert.pem"),
                                      .key_file = directory.file("key.pem"),
                                      .verify = true});
}

TEST_CASE("without DOCKER_CERT_PATH the files are those of DOCKER_CONFIG or ~/.docker") {
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory.file(".docker"));
  const auto ca = directory.write(".docker/ca.pem", "");
  const std::string home = "HOME=" + directory.path().string();
  CHECK(engine_of({"DOCKER_HOST=tcp://host", "DOCKER_TLS_VERIFY=1", home}).tls ==
        model::TlsFiles{.ca_file = ca});
  CHECK(engine_of({"DOCKER_HOST=tcp://host", "DOCKER_TLS_VERIFY=1", "HOME=/nowhere",
                   "DOCKER_CONFIG=" + directory.file(".docker")})
            .tls.ca_file == ca);
}

TEST_CASE("DOCKER_TLS alone is TLS without verification, and needs no CA") {
  const auto engine = engine_of({"DOCKER_HOST=tcp://host", "DOCKER_TLS=1", "HOME=/nowhere"});
  CHECK(to_string(engine.address) == "https://host:2376");
  CHECK(engine.tls == model::TlsFiles{.verify = false});
}

TEST_CASE("a Unix socket has no TLS, whatever the variables say") {
  const auto engine = engine_of({"DOCKER_HOST=unix:///run/a.sock", "DOCKER_TLS_VERIFY=1"});
  CHECK(engine.address.path == "/run/a.sock");
  CHECK(engine.tls == model::TlsFiles{});
}

TEST_CASE("a file that DOCKER_TLS_VERIFY needs and that is not there is a mistake") {
  CHECK(mistakes_in(
            "",
            {{"DOCKER_HOST=tcp://host", "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=/nowhere"}, {}}) ==
        "DOCKER_CERT_PATH: /nowhere/ca.pem cannot be read: No such file or directory; name a PEM "
        "file that the user of the daemon may read\n");
}

TEST_CASE("a host without a scheme is one over TCP, as the docker command has it") {
  CHECK(to_string(engine_of({"DOCKER_HOST=host:2300"}).address) == "tcp://host:2300");
  CHECK(to_string(engine_of({"DOCKER_HOST=host"}).address) == "tcp://host:2375");
  CHECK(to_string(engine_of({"DOCKER_HOST=/run/a.sock"}).address) == "unix:///run/a.sock");
}

TEST_CASE("DOCKER_HOST takes the place of the whole Engine of the file, files of TLS included") {
  const std::string file = "pool:\n  socket_path: https://a\n  tls_ca_file: " TIDEGAUGE_SOURCE_DIR
                           "/README.md\n  tls_verify: false\n";
  const auto engine = loaded(file, {{"DOCKER_HOST=tcp://b:1"}, {}}).config.endpoints.at(0);
  CHECK(to_string(engine.address) == "tcp://b:1");
  CHECK(engine.tls == model::TlsFiles{});
}

TEST_CASE("the variables of Docker count where DOCKER_HOST does, and nowhere else") {
  const std::vector<std::string> tls{"DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=/nowhere"};
  CHECK(engine_of(tls) == EndpointConfig{});
  auto environment = tls;
  environment.emplace_back("DOCKER_HOST=tcp://b");
  environment.emplace_back("TIDEGAUGE_POOL_SOCKET_PATH=tcp://c:1");
  CHECK(to_string(engine_of(environment).address) == "tcp://c:1");
}

TEST_CASE("what is stronger than DOCKER_HOST may name another file beside it") {
  const auto engine =
      engine_of({"TIDEGAUGE_POOL_TLS_CA_FILE=" TIDEGAUGE_SOURCE_DIR "/README.md",
                 "DOCKER_HOST=tcp://host", "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=/nowhere"});
  CHECK(engine.tls.ca_file == TIDEGAUGE_SOURCE_DIR "/README.md");
}

// --- where nothing says it ----------------------------------------------------------------------

TEST_CASE("a socket that was found is watched where nothing says an address, and told as such") {
  const auto found = load({.file = "",
                           .environment = {},
                           .overrides = {},
                           .found_socket = "/run/user/1000/docker.sock"});
  REQUIRE(found);
  CHECK(found->config.endpoints.at(0).address.path == "/run/user/1000/docker.sock");
  CHECK(found->addresses_from == "found");
  CHECK_THAT(print_config(found->config, found->addresses_from),
             contains("endpoints:  # found\n  - name: local\n"
                      "    socket_path: unix:///run/user/1000/docker.sock\n"));

  const auto said = load({.file = "",
                          .environment = {"DOCKER_HOST=unix:///run/a.sock"},
                          .overrides = {},
                          .found_socket = "/run/user/1000/docker.sock"});
  REQUIRE(said);
  CHECK(said->config.endpoints.at(0).address.path == "/run/a.sock");
  CHECK(said->addresses_from == "DOCKER_HOST");
}

TEST_CASE(
    "the first socket that is there is found: Docker before Podman, root's before the user's") {
  const TemporaryDirectory root;
  const auto user = root.file("user");
  const auto find = [&] { return find_engine_socket(user, root.path()); };
  CHECK(find().empty());
  for (const auto* place : {"user/podman/podman.sock", "run/podman/podman.sock", "user/docker.sock",
                            "var/run/docker.sock"}) {
    make_socket(root.file(place));
    CHECK(find() == root.file(place));
  }
}

TEST_CASE("a file that is no socket is not found") {
  const TemporaryDirectory root;
  static_cast<void>(root.write("docker.sock", ""));
  CHECK(find_engine_socket(root.path(), root.file("none")).empty());
}
