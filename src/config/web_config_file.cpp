#include "tidegauge/config/web_config_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <system_error>
#include <tuple>
#include <utility>

#include "config/exposure.h"
#include "config/go_duration.h"
#include "config/suggestions.h"
#include "config/web_section.h"
#include "config/yaml_document.h"
#include "tidegauge/util/files.h"

namespace tidegauge::config {
namespace {

constexpr unsigned least_cost = 4;  // of bcrypt itself
constexpr unsigned greatest_cost = 31;
constexpr unsigned dearest_check = 15;  // some two seconds
constexpr std::size_t length_of_hash = 60;
constexpr std::uint32_t most_burst = 1'000'000;
constexpr std::size_t longest_token = 4096;

template <class T>
struct Word {
  std::string_view name;
  T meaning;
};

constexpr std::array<Word<ClientAuth>, 6> client_auth_words{{
    {"NoClientCert", ClientAuth::none},
    {"RequestClientCert", ClientAuth::request},
    {"RequireAnyClientCert", ClientAuth::require_any},
    {"VerifyClientCertIfGiven", ClientAuth::verify_if_given},
    {"RequireAndVerifyClientCert", ClientAuth::require_and_verify},
    {"RequireClientCert", ClientAuth::require_any},  // the name in old versions of the toolkit
}};
constexpr std::array<Word<TlsVersion>, 4> version_words{{{"TLS10", TlsVersion::tls10},
                                                         {"TLS11", TlsVersion::tls11},
                                                         {"TLS12", TlsVersion::tls12},
                                                         {"TLS13", TlsVersion::tls13}}};

/// What Go calls secure.
std::vector<std::string> known_cipher_suites() {
  return {"TLS_AES_128_GCM_SHA256",
          "TLS_AES_256_GCM_SHA384",
          "TLS_CHACHA20_POLY1305_SHA256",
          "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
          "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
          "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
          "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
          "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
          "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
          "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
          "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"};
}

std::vector<std::string> known_curves() {
  return {"CurveP256", "CurveP384", "CurveP521", "X25519"};
}

struct HeaderRule {
  std::string_view name;
  std::vector<std::string> values;  // none: any
};

std::vector<HeaderRule> known_headers() {
  return {{"Content-Security-Policy", {}},
          {"Strict-Transport-Security", {}},
          {"X-Content-Type-Options", {"nosniff"}},
          {"X-Frame-Options", {"deny", "sameorigin"}},
          {"X-XSS-Protection", {}}};
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// Reads one file once.
class WebConfigReader {
 public:
  explicit WebConfigReader(const std::string& path) : path_(path) {}

  void read();

  [[nodiscard]] const std::vector<std::string>& files() const { return files_; }
  [[nodiscard]] Result<WebProtection> result() &&;

 private:
  struct Pem {
    std::string text;
    std::string from;
  };

  [[nodiscard]] WebSection section(const WebSection& parent, const std::string& name,
                                   const std::vector<std::string>& known);
  void read_tls(const WebSection& section);
  void read_client_auth(const WebSection& section, WebTls& tls);
  void read_versions(const WebSection& section, WebTls& tls);
  void read_headers(const WebSection& http);
  void read_users(const WebSection& section);
  void read_rate_limit(const WebSection& section);
  [[nodiscard]] Pem pem(const WebSection& section, const std::string& key);
  /// The items of the list, all of which must be known.
  [[nodiscard]] static std::vector<std::string> names(const WebSection& section,
                                                      std::string_view key,
                                                      const std::vector<std::string>& known);

  const std::string& path_;
  MistakeList mistakes_;
  WebProtection protection_;
  std::vector<std::string> files_;
};

void WebConfigReader::read() {
  if (const auto why = why_unreadable(path_)) {
    mistakes_.add({Origin::Source::file, 0, path_}, *why);
    return;
  }
  const auto document = read_yaml_document(path_, mistakes_);
  const WebSection file(
      path_, "", {.value = document.root, .origin = {Origin::Source::file, 0, path_}},
      {"tls_server_config", "http_server_config", "basic_auth_users", "rate_limit"}, mistakes_);
  read_tls(section(file, "tls_server_config",
                   {"cert", "cert_file", "key", "key_file", "client_ca", "client_ca_file",
                    "client_auth_type", "client_allowed_sans", "min_version", "max_version",
                    "cipher_suites", "prefer_server_cipher_suites", "curve_preferences"}));
  const auto http = section(file, "http_server_config", {"http2", "headers"});
  std::ignore = http.flag("http2", true);  // libmicrohttpd has none
  read_headers(http);
  read_users(section(file, "basic_auth_users", {}));
  read_rate_limit(section(file, "rate_limit", {"interval", "burst"}));
}

Result<WebProtection> WebConfigReader::result() && {
  if (mistakes_.empty()) return std::move(protection_);
  auto told = to_string(mistakes_.sorted());
  told.pop_back();  // the line's end
  return fail(Errc::invalid_config, std::move(told));
}

WebSection WebConfigReader::section(const WebSection& parent, const std::string& name,
                                    const std::vector<std::string>& known) {
  const auto key = name.substr(name.rfind('.') + 1);
  const auto found = parent.fields().find(key);
  const auto field = found == parent.fields().end() ? WebSection::Field{} : found->second;
  return {path_, name, field, known, mistakes_};
}

/// TLS is on where one of the keys is there that the exporter toolkit turns it on by.
void WebConfigReader::read_tls(const WebSection& section) {
  WebTls tls;
  auto certificate = pem(section, "cert");
  auto key = pem(section, "key");
  auto client_ca = pem(section, "client_ca");
  const bool is_on = section.has("client_auth_type") ||
                     std::ranges::any_of(std::array{"cert", "cert_file", "key", "key_file",
                                                    "client_ca", "client_ca_file"},
                                         [&](const char* name) { return section.has(name); });
  tls.certificate = std::move(certificate.text);
  tls.certificate_from = std::move(certificate.from);
  tls.key = std::move(key.text);
  tls.key_from = std::move(key.from);
  tls.client_ca = std::move(client_ca.text);
  tls.client_ca_from = std::move(client_ca.from);
  read_client_auth(section, tls);
  read_versions(section, tls);
  tls.cipher_suites = names(section, "cipher_suites", known_cipher_suites());
  tls.curve_preferences = names(section, "curve_preferences", known_curves());
  std::ignore = section.flag("prefer_server_cipher_suites", true);  // Go ignores it, too
  if (!is_on) return;
  for (const std::string name : {"cert", "key"}) {
    const auto key_of_file = name + "_file";
    if (section.has(name) || section.has(key_of_file)) continue;
    auto what = "one of " + name;
    section.refuse("", what.append(" and ").append(key_of_file).append(" is needed for TLS"));
  }
  protection_.tls = std::move(tls);
}

/// The word's meaning, or that of the first word of the table where the key is not set.
template <class T, std::size_t size>
T word_in(const WebSection& section, std::string_view key, const std::array<Word<T>, size>& words,
          T otherwise) {
  const auto text = section.text(key);
  if (text.empty()) return otherwise;
  const auto found = std::ranges::find(words, text, &Word<T>::name);
  if (found != words.end()) return found->meaning;
  std::vector<std::string> allowed;
  for (const auto& word : words) allowed.emplace_back(word.name);
  section.refuse(key, in_quotes(text) + " is not possible; allowed: " + joined(allowed));
  return otherwise;
}

void WebConfigReader::read_client_auth(const WebSection& section, WebTls& tls) {
  constexpr std::string_view key = "client_auth_type";
  constexpr std::string_view sans = "client_allowed_sans";
  tls.client_auth = word_in(section, key, client_auth_words, ClientAuth::none);
  tls.client_allowed_sans = section.list(sans);
  const bool has_ca = section.has("client_ca") || section.has("client_ca_file");
  if (has_ca && tls.client_auth == ClientAuth::none) {
    section.refuse(section.has("client_ca") ? "client_ca" : "client_ca_file",
                   "has no effect without client_auth_type; set that to "
                   "RequireAndVerifyClientCert or another that asks for a certificate");
  }
  const bool verifies = tls.client_auth == ClientAuth::verify_if_given ||
                        tls.client_auth == ClientAuth::require_and_verify;
  if (verifies && !has_ca) {
    section.refuse(key, "verifies certificates and needs client_ca or client_ca_file");
  }
  const bool requires_one = tls.client_auth == ClientAuth::require_any ||
                            tls.client_auth == ClientAuth::require_and_verify;
  if (!tls.client_allowed_sans.empty() && !requires_one) {
    section.refuse(sans,
                   "needs client_auth_type RequireAndVerifyClientCert or RequireAnyClientCert");
  }
}

void WebConfigReader::read_versions(const WebSection& section, WebTls& tls) {
  tls.min_version = word_in(section, "min_version", version_words, tls.min_version);
  tls.max_version = word_in(section, "max_version", version_words, tls.max_version);
  if (tls.min_version <= tls.max_version) return;
  section.refuse(section.has("max_version") ? "max_version" : "min_version",
                 "min_version must be at most max_version, which is TLS13 by default; the default "
                 "of min_version is TLS12");
}

void WebConfigReader::read_headers(const WebSection& http) {
  const auto rules = known_headers();
  std::vector<std::string> known;
  for (const auto& rule : rules) known.emplace_back(rule.name);
  const auto headers = section(http, "http_server_config.headers", known);
  protection_.headers = headers.texts();
  for (const auto& [name, value] : protection_.headers) {
    const auto& allowed = std::ranges::find(rules, name, &HeaderRule::name)->values;
    if (!allowed.empty() && std::ranges::find(allowed, value) == allowed.end()) {
      headers.refuse(name, in_quotes(value) + " is not possible; allowed: " + joined(allowed));
    }
    if (has_control_character(value)) headers.refuse(name, "has a control character");
  }
}

void WebConfigReader::read_users(const WebSection& section) {
  protection_.users = section.texts();
  for (const auto& [name, hash] : protection_.users) {
    if (name.find(':') != std::string::npos || has_control_character(name)) {
      section.refuse(name, "no client can send a name with \":\" or a control character");
    }
    const auto cost = bcrypt_cost(hash);
    if (!cost) {
      section.refuse(name, "is not a bcrypt hash; make one with `htpasswd -nBC 10 NAME`");
    } else if (*cost > dearest_check) {
      section.refuse(name, "is a hash of cost " + std::to_string(*cost) +
                               ", and one check of a password would take seconds; allowed: 4 to " +
                               std::to_string(dearest_check));
    }
  }
}

void WebConfigReader::read_rate_limit(const WebSection& section) {
  const auto interval_text = section.text("interval");
  const auto burst_text = section.text("burst");
  const auto interval = parse_go_duration(interval_text.empty() ? "0" : interval_text);
  std::uint32_t burst = 0;
  const auto* const last = burst_text.data() + burst_text.size();
  const auto [end, error] = std::from_chars(burst_text.data(), last, burst);
  const bool is_number = burst_text.empty() || (error == std::errc{} && end == last);
  if (!interval) {
    section.refuse("interval", in_quotes(interval_text) +
                                   " is not a duration as 1s, 500ms or 1m30s, up to a year");
  }
  if (!is_number || burst > most_burst) {
    section.refuse("burst", in_quotes(burst_text) + " is not a whole number; allowed: 1 to " +
                                std::to_string(most_burst));
  }
  if (!interval || interval->count() == 0 || !is_number) return;
  if (burst == 0) {
    section.refuse("burst", "must be at least 1 beside an interval; no request would be answered");
  }
  protection_.rate_limit = RateLimit{.interval = *interval, .burst = burst};
}

WebConfigReader::Pem WebConfigReader::pem(const WebSection& section, const std::string& key) {
  const auto key_of_file = key + "_file";
  auto text = section.text(key);
  const auto file = section.text(key_of_file);
  if (file.empty()) return {std::move(text), "tls_server_config." + key};
  if (!text.empty()) section.refuse(key, "is there beside " + key_of_file + "; keep one of them");
  const auto path = (std::filesystem::path(path_).parent_path() / file).string();
  files_.push_back(path);
  auto why = why_unreadable(path);
  if (!why) {
    auto content = read_text(path);
    if (content && !content->empty()) return {*std::move(content), path};
    why = content ? "is empty" : "cannot be read: " + content.error();
  }
  section.refuse(key_of_file, in_quotes(path) + " " + *why);
  return {};
}

std::vector<std::string> WebConfigReader::names(const WebSection& section, std::string_view key,
                                                const std::vector<std::string>& known) {
  auto items = section.list(key);
  for (const auto& item : items) {
    if (std::ranges::find(known, item) != known.end()) continue;
    section.refuse(key, in_quotes(item) + " is not possible; allowed: " + joined(known));
  }
  return items;
}

bool is_bcrypt_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '/';
}

}  // namespace

Result<WebProtection> load_web_config_file(const std::string& path) {
  WebConfigReader reader(path);
  reader.read();
  return std::move(reader).result();
}

Result<std::string> load_bearer_token_file(const std::string& path) {
  const auto refused = [&path](const std::string& why) {
    return fail(Errc::invalid_config, path + ": " + why);
  };
  if (const auto why = why_unreadable(path)) return refused(*why);
  auto text = read_text(path);
  if (!text) return refused("cannot be read: " + text.error());
  if (text->ends_with('\n')) text->pop_back();
  if (text->empty()) return refused("holds no token");
  if (text->size() > longest_token) return refused("the token is longer than 4096 bytes");
  const auto is_visible = [](char c) { return c > 0x20 && c < 0x7f; };
  if (!std::ranges::all_of(*text, is_visible)) {
    return refused("a token is one line of ASCII letters, digits and signs, without a space");
  }
  return *std::move(text);
}

Result<WebProtection> load_web_protection(const WebConfig& options) {
  WebProtection protection;
  if (!options.config_file.empty()) {
    auto loaded = load_web_config_file(options.config_file);
    if (!loaded) return loaded;
    protection = *std::move(loaded);
  }
  if (!options.bearer_token_file.empty()) {
    auto token = load_bearer_token_file(options.bearer_token_file);
    if (!token) return std::unexpected(token.error());
    protection.bearer_token = *std::move(token);
  }
  if (auto checked = check_exposure(options, protection); !checked) return fail(checked.error());
  return protection;
}

std::vector<std::string> web_protection_files(const WebConfig& options) {
  std::vector<std::string> files;
  const auto add = [&files](const std::string& path) {
    if (path.empty() || std::ranges::find(files, path) != files.end()) return;
    files.push_back(path);
  };
  add(options.config_file);
  add(options.bearer_token_file);
  if (options.config_file.empty()) return files;
  WebConfigReader reader(options.config_file);
  reader.read();
  for (const auto& path : reader.files()) add(path);
  return files;
}

std::optional<unsigned> bcrypt_cost(std::string_view hash) {
  constexpr std::size_t prefix = 7;  // "$2b$10$"
  if (hash.size() != length_of_hash || !hash.starts_with("$2") || hash[3] != '$' || hash[6] != '$')
    return std::nullopt;
  if (std::string_view("aby").find(hash[2]) == std::string_view::npos) return std::nullopt;
  if (!std::ranges::all_of(hash.substr(prefix), is_bcrypt_character)) return std::nullopt;
  unsigned cost = 0;
  const auto [end, error] = std::from_chars(hash.data() + 4, hash.data() + 6, cost);
  if (error != std::errc{} || end != hash.data() + 6) return std::nullopt;
  if (cost < least_cost || cost > greatest_cost) return std::nullopt;
  return cost;
}

}  // namespace tidegauge::config
