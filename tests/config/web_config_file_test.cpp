#include "tidegauge/config/web_config_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "support/catch.h"
#include "support/child_process.h"
#include "support/temporary_directory.h"
#include "support/tls_front.h"

using namespace tidegauge;
using namespace tidegauge::config;
using namespace std::chrono_literals;
using test::contains;
using test::error_of;
using test::value_of;

namespace {

const std::string good_hash = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";

/// A directory with a certificate, its key and its CA.
struct Scene {
  test::TemporaryDirectory directory;
  test::CertificateAuthority ca{directory, "ca"};
  test::Credentials server = ca.issue("server", "localhost");

  [[nodiscard]] std::string write(const std::string& text) const {
    return directory.write("web.yml", text);
  }
  [[nodiscard]] WebProtection load(const std::string& text) const {
    return value_of(load_web_config_file(write(text)));
  }
  /// Its lines, without the directory.
  [[nodiscard]] std::string mistakes_in(const std::string& text) const {
    auto told = error_of(load_web_config_file(write(text))).message;
    const auto prefix = directory.path().string() + "/";
    for (auto at = told.find(prefix); at != std::string::npos; at = told.find(prefix)) {
      told.erase(at, prefix.size());
    }
    return told;
  }
};

const std::string tls_on =
    "tls_server_config:\n  cert_file: server-cert.pem\n  key_file: server-key.pem\n";

}  // namespace

TEST_CASE("an empty web configuration protects nothing") {
  const Scene scene;
  const auto* text = GENERATE("", "# nothing\n", "tls_server_config:\nbasic_auth_users:\n",
                              "tls_server_config: {}\nhttp_server_config: {http2: off}\n",
                              "tls_server_config: {cert_file: '', min_version: TLS13}\n",
                              "rate_limit: {interval: 0, burst: 0}\n", "rate_limit: {burst: 7}\n");
  CHECK(scene.load(text) == WebProtection{});
}

TEST_CASE("everything that a web configuration can hold is read") {
  const Scene scene;
  const auto loaded = scene.load(tls_on +
                                 R"(  client_ca_file: ca.pem
  client_auth_type: RequireAndVerifyClientCert
  client_allowed_sans: [localhost, 10.0.0.1]
  min_version: TLS11
  max_version: TLS12
  cipher_suites:
    - TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
  prefer_server_cipher_suites: false
  curve_preferences: [X25519, CurveP256]
http_server_config:
  http2: true
  headers:
    X-Frame-Options: deny
    Content-Security-Policy: default-src 'none'
basic_auth_users:
  alice: )" + good_hash + "\nrate_limit:\n  interval: 1.5s\n  burst: 20\n");
  REQUIRE(loaded.tls);
  CHECK(loaded.tls->certificate == test::read_file(scene.server.cert_file));
  CHECK(loaded.tls->certificate_from == scene.server.cert_file);
  CHECK(loaded.tls->key == test::read_file(scene.server.key_file));
  CHECK(loaded.tls->client_ca == test::read_file(scene.ca.file()));
  CHECK(loaded.tls->client_auth == ClientAuth::require_and_verify);
  CHECK(loaded.tls->client_allowed_sans == std::vector<std::string>{"localhost", "10.0.0.1"});
  CHECK(loaded.tls->min_version == TlsVersion::tls11);
  CHECK(loaded.tls->max_version == TlsVersion::tls12);
  CHECK(loaded.tls->cipher_suites ==
        std::vector<std::string>{"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"});
  CHECK(loaded.tls->curve_preferences == std::vector<std::string>{"X25519", "CurveP256"});
  CHECK(loaded.headers ==
        std::map<std::string, std::string>{{"X-Frame-Options", "deny"},
                                           {"Content-Security-Policy", "default-src 'none'"}});
  CHECK(loaded.users == std::map<std::string, std::string>{{"alice", good_hash}});
  CHECK(loaded.rate_limit == RateLimit{.interval = 1500ms, .burst = 20});
}

TEST_CASE("the texts of a certificate and a key can stand in the file itself") {
  const Scene scene;
  const auto block = [](const std::string& text) {
    std::string out = " |\n";
    for (std::size_t at = 0; at < text.size();) {
      const auto end = text.find('\n', at) + 1;
      out += "    " + text.substr(at, end - at);
      at = end;
    }
    return out;
  };
  const auto loaded =
      scene.load("tls_server_config:\n  cert:" + block(test::read_file(scene.server.cert_file)) +
                 "  key:" + block(test::read_file(scene.server.key_file)));
  REQUIRE(loaded.tls);
  CHECK(loaded.tls->certificate == test::read_file(scene.server.cert_file));
  CHECK(loaded.tls->certificate_from == "tls_server_config.cert");
  CHECK(loaded.tls->key == test::read_file(scene.server.key_file));
  CHECK(loaded.tls->client_auth == ClientAuth::none);
  CHECK(loaded.tls->min_version == TlsVersion::tls12);
  CHECK(loaded.tls->max_version == TlsVersion::tls13);
}

namespace {

/// What a text must be, here and for the exporter toolkit.
enum class Toolkit : std::uint8_t {
  agrees,
  accepts,
  varies  ///< from version to version
};

struct Case {
  std::string text;
  std::string mistake;  ///< empty: accepted
  Toolkit toolkit = Toolkit::agrees;
};

std::vector<Case> structure_cases() {
  return {
      {"", ""},
      {"tls_server_config:\n", ""},
      {"tls_config: {}\n", "web.yml:1: \"tls_config\" is no key; allowed: tls_server_config, http"},
      {"other: 1\n",
       "web.yml:1: \"other\" is no key; allowed: tls_server_config, http_server_config,"},
      {"tls_server_config:\n  cert_fil: a\n",
       "web.yml:2: \"cert_fil\" is no key of tls_server_config; did you mean cert_file? Allowed: "
       "cert, "
       "cert_file,"},
      {"http_server_config:\n  http2: true\n  http2: true\n",
       "web.yml:3: http_server_config.http2: is there twice, first on line 2; keep one of them"},
      {"basic_auth_users: {}\nbasic_auth_users: {}\n",
       "web.yml:2: basic_auth_users: is there twice"},
      {"- a\n", "web.yml: the file must hold names and values"},
      {"tls_server_config: [a]\n", "web.yml:1: tls_server_config must hold names and values"},
      {"tls_server_config: {cert_file: [a]}\n",
       "web.yml:1: tls_server_config.cert_file: must be text"},
      {"http_server_config: {http2: perhaps}\n",
       "web.yml:1: http_server_config.http2: must be true or false"},
      {"tls_server_config: {cipher_suites: {a: b}}\n", ".cipher_suites: must be a list"},
      {"tls_server_config: {cipher_suites: [[a]]}\n",
       ".cipher_suites: has an item that is no text"},
      {"a: [\n", "is not valid YAML"},
      {"tls_server_config:\n---\ntls_server_config:\n", "web.yml:2: a second document begins here",
       Toolkit::accepts},
  };
}

std::vector<Case> tls_cases() {
  return {
      {tls_on, ""},
      {tls_on + "  client_auth_type: NoClientCert\n", ""},
      {tls_on + "  client_auth_type: RequestClientCert\n", ""},
      {tls_on + "  client_auth_type: RequireClientCert\n", ""},
      {tls_on + "  client_auth_type: RequireAnyClientCert\n  client_ca_file: ca.pem\n", ""},
      {tls_on + "  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: ca.pem\n", ""},
      {"tls_server_config: {cert_file: server-cert.pem}\n",
       "web.yml:1: tls_server_config: one of key and key_file is needed for TLS"},
      {"tls_server_config: {key_file: server-key.pem}\n",
       "one of cert and cert_file is needed for TLS"},
      {"tls_server_config: {client_auth_type: NoClientCert}\n",
       "one of cert and cert_file is needed"},
      {tls_on + "  client_ca_file: ca.pem\n",
       "web.yml:4: tls_server_config.client_ca_file: has no effect without client_auth_type"},
      {tls_on + "  client_auth_type: RequireAndVerifyClientCert\n",
       "web.yml:4: tls_server_config.client_auth_type: verifies certificates and needs client_ca",
       Toolkit::accepts},
      {tls_on + "  client_auth_type: requireAny\n",
       "\"requireAny\" is not possible; allowed: NoClientCert, RequestClientCert,"},
      {"tls_server_config: {cert_file: missing.pem, key_file: server-key.pem}\n",
       "web.yml:1: tls_server_config.cert_file: \"missing.pem\" cannot be read: No such file"},
      {"tls_server_config: {cert_file: empty.pem, key_file: server-key.pem}\n",
       "tls_server_config.cert_file: \"empty.pem\" is empty"},
      {tls_on + "  cert: x\n", "tls_server_config.cert: is there beside cert_file; keep one",
       Toolkit::accepts},
      {tls_on + "  min_version: TLS1.2\n",
       "\"TLS1.2\" is not possible; allowed: TLS10, TLS11, TLS12, TLS13"},
      {tls_on + "  min_version: TLS10\n", ""},
      {tls_on + "  max_version: TLS11\n",
       "web.yml:4: tls_server_config.max_version: min_version must be at most", Toolkit::accepts},
      {tls_on + "  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]\n",
       "\"TLS_RSA_WITH_RC4_128_SHA\" is not possible; allowed: TLS_AES_128_GCM_SHA256,"},
      {tls_on + "  cipher_suites: [TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256]\n", ""},
      {tls_on + "  curve_preferences: [X448]\n",
       "\"X448\" is not possible; allowed: CurveP256, CurveP384, CurveP521, X25519"},
      {tls_on + "  curve_preferences: [CurveP521]\n", ""},
      {tls_on + "  client_allowed_sans: [a]\n",
       "tls_server_config.client_allowed_sans: needs client_auth_type RequireAndVerify",
       Toolkit::varies},
      {"tls_server_config: {client_allowed_sans: [a]}\n", ".client_allowed_sans: needs",
       Toolkit::accepts},
      {tls_on + "  client_allowed_sans: [a]\n  client_auth_type: RequireAnyClientCert\n", ""},
  };
}

std::vector<Case> other_cases() {
  const auto user = [](const std::string& hash) {
    return "basic_auth_users: {bob: '" + hash + "'}\n";
  };
  const auto header = [](const std::string& text) {
    return "http_server_config:\n  headers:\n    " + text + "\n";
  };
  const auto rate = [](const std::string& text) { return "rate_limit: {" + text + "}\n"; };
  return {
      {user(good_hash), ""},
      {user("$2a$04" + good_hash.substr(6)), ""},
      {user("$2b$15" + good_hash.substr(6)), ""},
      {user("$2b$16" + good_hash.substr(6)),
       "web.yml:1: basic_auth_users.bob: is a hash of cost 16, and one check of a password would",
       Toolkit::accepts},
      {user("$2b$32" + good_hash.substr(6)), "basic_auth_users.bob: is not a bcrypt hash"},
      {user("$2b$03" + good_hash.substr(6)), "basic_auth_users.bob: is not a bcrypt hash"},
      {user("$3b$10" + good_hash.substr(6)), "basic_auth_users.bob: is not a bcrypt hash"},
      {user("$2b$1x" + good_hash.substr(6)), "basic_auth_users.bob: is not a bcrypt hash"},
      {user("password"), "basic_auth_users.bob: is not a bcrypt hash"},
      {"basic_auth_users: {bob: }\n", "basic_auth_users.bob: is not a bcrypt hash"},
      {user("$2x$10" + good_hash.substr(6)), "is not a bcrypt hash", Toolkit::accepts},
      {user(good_hash + "a"), "is not a bcrypt hash", Toolkit::accepts},
      {"basic_auth_users: {'a:b': " + good_hash + "}\n",
       "basic_auth_users.\"a:b\": no client can send a name with \":\"", Toolkit::accepts},
      {header("X-Frame-Options: sameorigin"), ""},
      {header("X-XSS-Protection: 1; mode=block"), ""},
      {header("Strict-Transport-Security: max-age=60"), ""},
      {header("X-Frame-Options: DENY"),
       "web.yml:3: http_server_config.headers.\"X-Frame-Options\": \"DENY\" is not possible; "
       "allowed: deny, sameorigin"},
      {header("X-Content-Type-Options: sniff"), "\"sniff\" is not possible; allowed: nosniff"},
      {header("Server: x"), "\"Server\" is no key of http_server_config.headers"},
      {header("x-frame-options: deny"), "did you mean X-Frame-Options?"},
      {header("Content-Security-Policy: \"a\\r\\nb\""), "has a control character",
       Toolkit::accepts},
      {rate("interval: 1s, burst: 5"), ""},
      {rate("interval: soon"), "rate_limit.interval: \"soon\" is not a duration as 1s"},
      {rate("interval: -1s, burst: 1"), "\"-1s\" is not a duration", Toolkit::accepts},
      {rate("interval: 1s"), "rate_limit.burst: must be at least 1", Toolkit::accepts},
      {rate("interval: 1s, burst: many"), "\"many\" is not a whole number; allowed: 1 to 1000000"},
      {rate("interval: 1s, burst: 1000001"), "\"1000001\" is not a whole number", Toolkit::accepts},
      {rate("interval: 1s, burst: -1"), "\"-1\" is not a whole number", Toolkit::accepts},
  };
}

std::vector<Case> all_cases() {
  std::vector<Case> all;
  for (const auto& cases : {structure_cases(), tls_cases(), other_cases()}) {
    std::ranges::copy(cases, std::back_inserter(all));
  }
  return all;
}

/// Debian 12 and 13 have versions of the toolkit that do not know these.
bool is_too_new(const std::string& told) {
  const auto is_unknown = [&told](const char* key) {
    return told.find("field " + std::string(key) + " not found") != std::string::npos;
  };
  return std::ranges::any_of(
      std::vector{"cert", "key", "client_ca", "client_allowed_sans", "rate_limit"}, is_unknown);
}

}  // namespace

TEST_CASE("a web configuration is accepted or refused with the line and the reason") {
  const Scene scene;
  std::ignore = scene.directory.write("empty.pem", "");
  for (const auto& each : all_cases()) {
    INFO(each.text);
    const auto loaded = load_web_config_file(scene.write(each.text));
    if (each.mistake.empty()) {
      CHECK((loaded ? "" : loaded.error().message).empty());
    } else {
      CHECK_THAT(scene.mistakes_in(each.text), contains(each.mistake));
    }
  }
}

TEST_CASE("promtool gives the same verdicts but where this reader is stricter") {
  const Scene scene;
  std::ignore = scene.directory.write("empty.pem", "");
  for (const auto& each : all_cases()) {
    INFO(each.text);
    test::ChildProcess promtool(
        test::command_in_path({"promtool", "check", "web-config", scene.write(each.text)}),
        test::path_variable());
    const bool accepted = promtool.wait() == 0;
    const auto told = promtool.output() + promtool.errors();
    INFO(told);
    if (is_too_new(told) || each.toolkit == Toolkit::varies) continue;
    CHECK(accepted == (each.mistake.empty() || each.toolkit == Toolkit::accepts));
  }
}

TEST_CASE(
    "all mistakes of a web configuration are told at once, by line, and no secret with them") {
  const Scene scene;
  const auto told = scene.mistakes_in(
      "basic_auth_users:\n  a: secret1\n  b: secret2\ntls_server_config:\n"
      "  cert: [x]\n  min_version: TLS9\n");
  CHECK(std::ranges::count(told, '\n') == 4);
  CHECK_THAT(told, contains("web.yml:2: ") && contains("web.yml:3: ") && contains("web.yml:5: ") &&
                       contains("web.yml:6: "));
  CHECK_THAT(told, !contains("secret"));
}

TEST_CASE("a web configuration that is no readable file is refused without waiting") {
  const test::TemporaryDirectory directory;
  CHECK_THAT(error_of(load_web_config_file(directory.file("none.yml"))).message,
             contains("none.yml: cannot be read: No such file or directory"));
  CHECK_THAT(error_of(load_web_config_file(directory.path())).message, contains("is no file"));
  REQUIRE(::mkfifo(directory.file("pipe").c_str(), 0600) == 0);
  CHECK_THAT(error_of(load_web_config_file(directory.file("pipe"))).message,
             contains("is no file"));
  const auto large = directory.write("large.yml", std::string((1 << 20) + 1, '#'));
  CHECK_THAT(error_of(load_web_config_file(large)).message, contains("larger than 1 MiB"));
}

TEST_CASE("a token is the only line of its file") {
  const test::TemporaryDirectory directory;
  const auto load = [&](const std::string& text) {
    return load_bearer_token_file(directory.write("token", text));
  };
  CHECK(value_of(load("abc.DEF-_~+/=\n")) == "abc.DEF-_~+/=");
  CHECK(value_of(load("abc")) == "abc");
  CHECK_THAT(error_of(load("")).message, contains("token: holds no token"));
  CHECK_THAT(error_of(load("\n")).message, contains("holds no token"));
  for (const std::string text : {"a\n\n", "a\r\n", "a b", "a\tb", "\xC3\xA4", " a"}) {
    INFO(text);
    CHECK_THAT(error_of(load(text)).message, contains("a token is one line"));
  }
  CHECK(value_of(load(std::string(4096, 'x'))).size() == 4096);
  CHECK_THAT(error_of(load(std::string(4097, 'x'))).message, contains("longer than 4096 bytes"));
  CHECK_THAT(error_of(load_bearer_token_file(directory.file("none"))).message,
             contains("none: cannot be read: No such file"));
}

TEST_CASE("the protection is what both options say") {
  const Scene scene;
  WebConfig options;
  CHECK(value_of(load_web_protection(options)) == WebProtection{});
  options.bearer_token_file = scene.directory.write("token", "abc\n");
  CHECK(value_of(load_web_protection(options)) == WebProtection{.bearer_token = "abc"});
  options.config_file = scene.write(tls_on);
  CHECK(value_of(load_web_protection(options)).tls);
  CHECK(value_of(load_web_protection(options)).bearer_token == "abc");
  options.config_file = scene.write("other: 1\n");
  CHECK(error_of(load_web_protection(options)).code == Errc::invalid_config);
}

TEST_CASE("a protection that would show logs to anybody is refused") {
  const Scene scene;
  WebConfig options{.listen_addresses = {":9717"}, .show_logs = true};
  CHECK_THAT(error_of(load_web_protection(options)).message, contains("web.show_logs"));
  options.config_file = scene.write("basic_auth_users: {me: " + good_hash + "}\n");
  CHECK(load_web_protection(options));
  static_cast<void>(scene.write("rate_limit: {interval: 1s, burst: 1}\n"));
  CHECK_FALSE(load_web_protection(options));
  options.bearer_token_file = scene.directory.write("token", "abc\n");
  CHECK(load_web_protection(options));
}

TEST_CASE("the files of the protection are known, also where one has a mistake") {
  const Scene scene;
  WebConfig options;
  CHECK(web_protection_files(options).empty());
  options.bearer_token_file = scene.directory.file("token");
  options.config_file = scene.write(
      "tls_server_config:\n  cert_file: none.pem\n  key_file: " + scene.server.key_file +
      "\n  client_ca_file: none.pem\n  min_version: TLS9\n");
  CHECK(web_protection_files(options) ==
        std::vector<std::string>{options.config_file, options.bearer_token_file,
                                 scene.directory.file("none.pem"), scene.server.key_file});
}

TEST_CASE("the cost of a bcrypt hash is known") {
  CHECK(bcrypt_cost(good_hash) == 10U);
  CHECK(bcrypt_cost("$2a$04" + good_hash.substr(6)) == 4U);
  CHECK(bcrypt_cost("$2b$31" + good_hash.substr(6)) == 31U);
  CHECK_FALSE(bcrypt_cost(""));
  CHECK_FALSE(bcrypt_cost(good_hash.substr(1)));
  CHECK_FALSE(bcrypt_cost(good_hash.substr(0, 59) + "!"));
  CHECK_FALSE(bcrypt_cost("$2y$ 9" + good_hash.substr(6)));
}
