// What the connection pool costs and how fair it is, beside the textbook pools, in one run.
// `pool_benchmark [SOCKET]`: with the socket of an Engine, a request through the pool as well.

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "bare_curl.h"
#include "baseline_pools.h"
#include "engine_clients.h"
#include "report.h"
#include "statistics.h"
#include "support/http_server.h"
#include "tidegauge/docker/client_manager.h"
#include "tidegauge/http/curl_transport.h"
#include "tidegauge/pool/connection_pool.h"
#include "tidegauge/pool/pool_manager.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using bench::median;
using bench::percentile;
using bench::Report;

namespace {

// --- transports that do nothing ------------------------------------------------------------------

/// A connection without a socket, or with one end of a socket pair, so that its poll is real.
class NullConnection final : public http::Connection {
 public:
  explicit NullConnection(int socket) : socket_(socket) {}
  void begin(const http::Request&) override {}
  std::optional<Result<http::Response>> advance(SteadyTime) override { return http::Response{}; }
  [[nodiscard]] SteadyTime next_limit() const override { return SteadyTime::max(); }
  void wait(SteadyTime) override {}
  Result<http::Response> open_stream(const http::Request&, const std::stop_token&) override {
    return http::Response{};
  }
  Result<std::size_t> read(std::span<char>, SteadyTime, const std::stop_token&) override {
    return 0U;
  }
  void abort(Errc) noexcept override {}
  void interrupt(Errc) noexcept override {}
  void close() noexcept override {}
  [[nodiscard]] bool alive() const noexcept override {
    pollfd poll{.fd = socket_, .events = POLLIN | POLLRDHUP, .revents = 0};
    return ::poll(&poll, 1, 0) == 0;
  }
  [[nodiscard]] int fd() const noexcept override { return socket_; }
  [[nodiscard]] const http::Transfer& last_transfer() const noexcept override { return transfer_; }

 private:
  int socket_;
  http::Transfer transfer_;
};

class NullTransport final : public http::Transport {
 public:
  explicit NullTransport(int socket) : socket_(socket) {}
  std::unique_ptr<http::Connection> make() override {
    return std::make_unique<NullConnection>(socket_);
  }
  [[nodiscard]] std::uint32_t open_sockets() const noexcept override { return 0; }

 private:
  int socket_;
};

/// Our pool in the shape of the baselines.
class Tidegauge {
 public:
  explicit Tidegauge(std::uint32_t slots, int socket = -1, std::uint32_t max_waiters = 64)
      : pool_("bench", {},
              {.max_connections = slots,
               .min_connections = 0,
               .tuning = {.max_waiters = max_waiters}},
              std::make_unique<NullTransport>(socket), logger_) {}

  pool::ConnectionPool& pool() { return pool_; }

 private:
  Logger logger_{LogLevel::error};
  pool::ConnectionPool pool_;
};

// --- acquire and release, alone ------------------------------------------------------------------

double nanoseconds_each(int count, const auto& action) {
  const auto started = steady_now();
  for (int i = 0; i < count; ++i) action();
  return to_seconds(steady_now() - started) * 1e9 / count;
}

void benchmark_cycle(Report& report) {
  constexpr int count = 200'000;
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) std::abort();
  Tidegauge without(16);
  Tidegauge with(16, ends[0]);
  const auto cycle = [](pool::ConnectionPool& pool) {
    return [&pool] {
      if (!pool.get_connection()) std::abort();
    };
  };
  std::vector<double> bare;
  std::vector<double> polled;
  std::vector<double> poll;
  const NullConnection idle(ends[0]);
  for (int round = 0; round < 11; ++round) {
    bare.push_back(nanoseconds_each(count, cycle(without.pool())));
    polled.push_back(nanoseconds_each(count, cycle(with.pool())));
    poll.push_back(nanoseconds_each(count, [&] {
      if (!idle.alive()) std::abort();
    }));
  }
  report.value_at_most("cycle: acquire and release, without the socket's poll", median(bare), "ns",
                       150);
  report.note("cycle: a bare poll", median(poll), "ns");
  report.value_at_most("cycle: with the poll, less 1.2 bare polls",
                       median(polled) - 1.2 * median(poll), "ns", 150);
  ::close(ends[0]);
  ::close(ends[1]);
}

// --- many threads, few slots ---------------------------------------------------------------------

struct Load {
  int threads = 0;
  std::chrono::microseconds work{};
  std::chrono::microseconds patience{};
  std::chrono::milliseconds duration{};
};

struct Outcome {
  std::vector<double> waits;  ///< of those that got a slot, in microseconds, sorted
  std::uint64_t good = 0;     ///< got a slot before the deadline, and did their work
  std::uint64_t failed = 0;
  std::uint64_t late = 0;  ///< got a slot although their own clock was past the deadline
  double fairness = 0;     ///< Jain's index of the work done by each thread: 1 is equal
};

/// `acquire` runs the work it is given while it holds a slot, or says that it got none.
template <class Acquire>
Outcome run(const Load& load, const Acquire& acquire) {
  std::vector<std::vector<double>> waits(static_cast<std::size_t>(load.threads));
  std::atomic<std::uint64_t> failed = 0;
  std::atomic<std::uint64_t> late = 0;
  std::barrier start(load.threads);
  const auto worker = [&](std::vector<double>& mine) {
    start.arrive_and_wait();
    const auto end = steady_now() + load.duration;
    while (steady_now() < end) {
      const auto asked = steady_now();
      const auto deadline = asked + load.patience;
      const bool got = acquire(deadline, [&] {
        const auto granted = steady_now();
        if (granted >= deadline) {
          ++late;
          return;
        }
        std::this_thread::sleep_for(load.work);
        mine.push_back(to_seconds(granted - asked) * 1e6);
      });
      if (!got) {
        ++failed;
        std::this_thread::sleep_until(deadline);  // every pool's callers sleep out their time
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    for (auto& mine : waits) threads.emplace_back([&worker, &mine] { worker(mine); });
  }
  Outcome outcome{.failed = failed, .late = late};
  double sum = 0;
  double squares = 0;
  for (const auto& mine : waits) {
    const auto done = static_cast<double>(mine.size());
    sum += done;
    squares += done * done;
    outcome.waits.insert(outcome.waits.end(), mine.begin(), mine.end());
  }
  outcome.good = outcome.waits.size();
  outcome.fairness = squares > 0 ? sum * sum / (load.threads * squares) : 0;
  return outcome;
}

template <class Pool>
Outcome run_baseline(const Load& load, std::uint32_t slots) {
  Pool pool(slots);
  return run(load, [&](SteadyTime deadline, const auto& work) {
    if (!pool.acquire(deadline)) return false;
    work();
    pool.release();
    return true;
  });
}

Outcome run_ours(const Load& load, std::uint32_t slots, std::uint32_t max_waiters) {
  Tidegauge ours(slots, -1, max_waiters);
  return run(load, [&](SteadyTime deadline, const auto& work) {
    const auto lease = ours.pool().acquire({}, deadline);
    if (!lease) return false;
    work();
    return true;
  });
}

void record_tail(Report& report, const std::string& pool, const Outcome& outcome) {
  report.note("tail: " + pool + ": p50 wait", percentile(outcome.waits, 0.5), "us");
  report.note("tail: " + pool + ": p99 wait", percentile(outcome.waits, 0.99), "us");
  report.note("tail: " + pool + ": worst wait", percentile(outcome.waits, 1), "us");
  report.note("tail: " + pool + ": fairness", outcome.fairness, "1");
}

void benchmark_tail(Report& report) {
  constexpr Load load{.threads = 64, .work = 200us, .patience = 10s, .duration = 2000ms};
  std::vector<double> ours_p99;
  std::vector<double> shared_p99;
  std::vector<double> fairness;
  Outcome ours;
  Outcome shared;
  for (int round = 0; round < 3; ++round) {
    ours = run_ours(load, 8, 64);
    shared = run_baseline<bench::SharedConditionPool>(load, 8);
    ours_p99.push_back(percentile(ours.waits, 0.99));
    shared_p99.push_back(percentile(shared.waits, 0.99));
    fairness.push_back(ours.fairness);
  }
  record_tail(report, "tidegauge", ours);
  record_tail(report, "shared condition variable", shared);
  record_tail(report, "counting_semaphore", run_baseline<bench::SemaphorePool>(load, 8));
  record_tail(report, "strict FIFO", run_baseline<bench::StrictFifoPool>(load, 8));
  report.at_most("tail: 64 threads, 8 slots, 200 us: p99 wait against a shared condition variable",
                 {median(ours_p99), median(shared_p99), "us"}, 0.2);
  report.value_at_least("tail: fairness", median(fairness), "1", 0.97);
}

void benchmark_storm(Report& report) {
  constexpr Load load{.threads = 256, .work = 1000us, .patience = 5ms, .duration = 2000ms};
  constexpr Load calm{.threads = 4, .work = 1000us, .patience = 5ms, .duration = 2000ms};
  std::vector<double> ours;
  std::vector<double> shared;
  std::vector<double> unhindered;
  std::uint64_t late = 0;
  std::uint64_t shared_late = 0;
  const auto goodput = [&](const Outcome& outcome) {
    return static_cast<double>(outcome.good) / to_seconds(load.duration);
  };
  for (int round = 0; round < 7; ++round) {
    const auto outcome = run_ours(load, 4, 16);
    ours.push_back(goodput(outcome));
    late += outcome.late;
    const auto baseline = run_baseline<bench::SharedConditionPool>(load, 4);
    shared.push_back(goodput(baseline));
    shared_late += baseline.late;
    unhindered.push_back(goodput(run_ours(calm, 4, 16)));
  }
  report.note("storm: counting_semaphore", goodput(run_baseline<bench::SemaphorePool>(load, 4)),
              "1/s");
  report.note("storm: strict FIFO", goodput(run_baseline<bench::StrictFifoPool>(load, 4)), "1/s");
  // Both keep their slots busy all the time: what is left is what two runs of one pool differ by.
  constexpr double as_good = 0.98;
  report.at_least("storm: 256 threads, 4 slots, 1 ms, 5 ms deadline: goodput",
                  {median(ours), median(shared), "1/s"}, as_good);
  report.note("storm: goodput of 4 threads, which never wait", median(unhindered), "1/s");
  report.note("storm: grants seen late by the caller's own clock", static_cast<double>(late), "1");
  report.note("storm: the same of the shared condition variable", static_cast<double>(shared_late),
              "1");
}

void benchmark_spike(Report& report) {
  std::atomic<std::uint64_t> connections = 0;
  const std::string path = std::filesystem::temp_directory_path() / "tidegauge-spike.sock";
  const test::HttpServer server(path, [](const auto&, test::Exchange& exchange) {
    if (exchange.wait(2ms)) exchange.reply(200);
  });
  Logger logger(LogLevel::error);
  pool::ConnectionPool pool("bench", {.path = path}, {.max_connections = 16},
                            http::make_curl_transport({.path = path}), logger);
  const auto started = steady_now();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 50; ++i) {
      threads.emplace_back([&] {
        auto lease = pool.get_connection();
        if (!lease || !lease->perform({.target = "/"})) std::abort();
      });
    }
  }
  connections = server.counters().connections_accepted;
  report.note("spike: 50 threads, 2 ms each, 16 connections",
              to_seconds(steady_now() - started) * 1e3, "ms");
  report.value_at_most("spike: connections opened", static_cast<double>(connections), "1", 16);
}

void benchmark_recovery(Report& report) {
  const std::string path = std::filesystem::temp_directory_path() / "tidegauge-recovery.sock";
  test::HttpServer server(path, [](const auto&, test::Exchange& exchange) { exchange.reply(200); });
  Logger logger(LogLevel::error);
  ThreadGuard guard(logger);
  pool::PoolManager pools({{.name = "bench", .address = {.path = path}}}, {},
                          http::make_curl_transport, logger, guard);
  auto& pool = pools.pool("bench");
  std::vector<double> recoveries;
  for (int round = 0; round < 5; ++round) {
    auto health = pool.health();
    server.stop_listening(test::SocketFile::removed);
    server.disconnect_all();
    while (health.up) health = pool.wait_for_change(health.version, steady_now() + 10s, {});
    std::this_thread::sleep_for(500ms);  // into the backoff
    server.listen();
    const auto back = steady_now();
    while (true) {
      health = pool.health();
      if (!health.up) health = pool.wait_for_change(health.version, steady_now() + 10s, {});
      auto lease = pool.get_connection();
      if (lease && lease->perform({.target = "/version"})) break;
    }
    recoveries.push_back(to_seconds(steady_now() - back) * 1e3);
  }
  report.value_at_most("recovery: first call served after the Engine listens again",
                       *std::ranges::max_element(recoveries), "ms", 250);
}

// --- a request to an Engine ----------------------------------------------------------------------

void benchmark_request(Report& report, const std::string& socket) {
  constexpr int count = 20;  // Engine 20.10 takes up to 0.1 s for each
  bench::EngineClients engine(socket);
  const auto url = engine.base_url() + "/version";
  bench::BareCurl bare(socket);
  std::vector<double> ours;
  std::vector<double> baseline;
  for (int round = 0; round < 21; ++round) {
    ours.push_back(nanoseconds_each(count,
                                    [&] {
                                      if (!engine.clients().version(bench::EngineClients::name))
                                        std::abort();
                                    }) /
                   1000);
    baseline.push_back(nanoseconds_each(count, [&] { bare.get(url.c_str()); }) / 1000);
  }
  report.at_most(
      "request: GET /version of the Engine through ClientManager and pool, JSON included",
      {median(ours), median(baseline), "us"}, 1.10);
}

// --- nothing grows -------------------------------------------------------------------------------

double resident_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word == "VmRSS:") {
      double kib = 0;
      status >> kib;
      return kib;
    }
  }
  return 0;
}

double open_descriptors() {
  return static_cast<double>(
      std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

void benchmark_growth(Report& report) {
  const std::string path = std::filesystem::temp_directory_path() / "tidegauge-growth.sock";
  const test::HttpServer server(path, [](const auto&, test::Exchange& exchange) {
    exchange.begin_chunks(200);
    exchange.chunk("x");
    exchange.hang();
  });
  Logger logger(LogLevel::error);
  pool::ConnectionPool pool("bench", {.path = path}, {}, http::make_curl_transport({.path = path}),
                            logger);
  const auto cycles = [&](int count) {
    for (int i = 0; i < count; ++i) {
      if (!pool.get_connection()) std::abort();
    }
  };
  const auto streams = [&](int count) {
    for (int i = 0; i < count; ++i) {
      if (!pool.open_stream({.target = "/"}, {})) std::abort();
    }
    server.await([](const auto& now) { return now.connections_open == 0; });
  };
  cycles(100'000);
  streams(100);
  const auto memory = resident_kib();
  const auto descriptors = open_descriptors();
  cycles(10'000'000);
  streams(1000);
  report.value_at_most("growth: resident memory after 10 million cycles and 1,000 aborted streams",
                       resident_kib() - memory, "KiB", 256);
  report.value_at_most("growth: descriptors", open_descriptors() - descriptors, "1", 0);
}

}  // namespace

int main(int count, char** arguments) {
  Report report;
  benchmark_cycle(report);
  benchmark_tail(report);
  benchmark_storm(report);
  benchmark_spike(report);
  benchmark_recovery(report);
  benchmark_growth(report);
  if (count > 1) benchmark_request(report, arguments[1]);
  return report.exit_status();
}
