#include "web/socket_activity.h"

#include <sys/socket.h>

#include <array>
#include <chrono>
#include <string>

#include "support/catch.h"
#include "support/raw_client.h"
#include "support/wait_until.h"
#include "tidegauge/util/unique_fd.h"
#include "web/listen_socket.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::value_of;

TEST_CASE("the kernel tells what a TCP client has sent and taken, and what waits on either side") {
  const auto listening = std::move(value_of(web::open_listen_sockets("127.0.0.1:0")).front());
  test::RawClient client(listening.port);
  UniqueFd server;
  test::wait_until("the client is connected", 10s, [&] {
    server = UniqueFd(::accept(listening.fd.get(), nullptr, nullptr));
    return server.valid();
  });
  const auto kernel = web::kernel_activity();
  const int socket = server.get();
  CHECK(kernel.received(socket) == 0);
  client.send("hello");
  test::wait_until("the bytes have come", 10s, [&] { return kernel.received(socket) == 5; });
  CHECK(kernel.unread(socket) == 5);
  std::array<char, 8> bytes{};
  REQUIRE(::recv(socket, bytes.data(), bytes.size(), 0) == 5);
  CHECK(kernel.unread(socket) == 0);

  const auto taken = kernel.taken(socket);
  REQUIRE(taken);
  REQUIRE(::send(socket, "answer", 6, 0) == 6);
  test::wait_until("the client's kernel has taken them", 10s,
                   [&] { return kernel.unsent(socket) == 0; });
  CHECK(*kernel.taken(socket) == *taken + 6);
}

TEST_CASE("what waits in a Unix socket is told, and what was sent and taken is not") {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
  const UniqueFd server(ends[0]);
  const UniqueFd client(ends[1]);
  const auto kernel = web::kernel_activity();
  REQUIRE(::send(server.get(), "answer", 6, 0) == 6);
  CHECK(kernel.unsent(server.get()) > 0);
  CHECK(kernel.unread(client.get()) == 6);
  CHECK_FALSE(kernel.received(server.get()));
  CHECK_FALSE(kernel.taken(server.get()));
}
