#pragma once

// TLS before an HttpServer, for tests of the client's side: certificates of the test's own making,
// and a port of 127.0.0.1 whose connections go on, decrypted, to a Unix socket. On GnuTLS, where
// the code under test is on OpenSSL.
//
//   const CertificateAuthority ca(directory, "ca");
//   HttpServer server(directory.file("docker.sock"), handler);
//   TlsFront front(server_path, {.server = ca.issue("server", {.address = "127.0.0.1"})});
//
// What cannot be had throws.

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "support/temporary_directory.h"
#include "tidegauge/util/unique_fd.h"
#include "tidegauge/util/wakeup.h"

namespace tidegauge::test {

/// Two PEM files that belong together.
struct Credentials {
  std::string cert_file;
  std::string key_file;
};

enum class Dates : std::uint8_t { valid, expired };

class CertificateAuthority {
 public:
  /// Writes NAME.pem into `directory`, which outlives this.
  CertificateAuthority(const TemporaryDirectory& directory, const std::string& name);
  ~CertificateAuthority();
  CertificateAuthority(const CertificateAuthority&) = delete;
  CertificateAuthority& operator=(const CertificateAuthority&) = delete;

  [[nodiscard]] std::string file() const { return directory_.file(name_ + ".pem"); }
  /// Writes NAME-cert.pem and NAME-key.pem, over those that are there: for server and client, and
  /// for the host name, IP address, e-mail address or URI `host`.
  [[nodiscard]] Credentials issue(const std::string& name, const std::string& host,
                                  Dates dates = Dates::valid) const;

 private:
  struct Pair;

  const TemporaryDirectory& directory_;
  const std::string name_;
  std::unique_ptr<Pair> self_;
};

/// Says one thing to whoever connects to its port, whatever they say, and hangs up. Serves one.
class Refuser {
 public:
  explicit Refuser(std::string words);
  Refuser(const Refuser&) = delete;
  Refuser& operator=(const Refuser&) = delete;
  ~Refuser();

  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  std::uint16_t port_ = 0;
  UniqueFd listener_;
  std::thread thread_;
};

struct TlsFrontOptions {
  Credentials server;
  std::string client_ca;             ///< a client must have a certificate of it; empty: need not
  std::string protocols = "NORMAL";  ///< a priority string of GnuTLS
};

class TlsFront {
 public:
  /// Listens at once. Somebody listens at `socket_path` when the first connection comes.
  TlsFront(std::string socket_path, TlsFrontOptions options);
  TlsFront(const TlsFront&) = delete;
  TlsFront& operator=(const TlsFront&) = delete;
  /// Ends every connection.
  ~TlsFront();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// Connections accepted, whatever became of them.
  [[nodiscard]] std::uint64_t accepted() const { return accepted_; }

 private:
  struct Connection {
    UniqueFd socket;
    std::thread thread;
  };

  void accept_connections();
  void serve(int socket);

  const std::string socket_path_;
  const TlsFrontOptions options_;
  std::uint16_t port_ = 0;
  UniqueFd listener_;
  Wakeup stop_;
  std::atomic<std::uint64_t> accepted_ = 0;
  std::list<Connection> connections_;  // of the acceptor, then of the destructor
  std::thread acceptor_;
};

}  // namespace tidegauge::test
